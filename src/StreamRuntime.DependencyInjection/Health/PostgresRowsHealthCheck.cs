using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.DependencyInjection.Health;

/// <summary>Whether a data source's server answers: leases a connection, as any stream would, and runs a query that needs no table.</summary>
/// <remarks>Thread-safe. A server that refuses is told from a pool without a free connection, which is a load that others bring and no failure of the server's.</remarks>
internal sealed class PostgresRowsHealthCheck(PostgresDataSource source, TimeSpan limit) : IHealthCheck
{
    private static readonly PostgresQuery Question = new("select 1 as up");

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        HealthStatus failed = context.Registration.FailureStatus;
        using var timeout = new CancellationTokenSource(limit, source.Options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await AskAsync(either.Token).ConfigureAwait(false);
            return HealthCheckResult.Healthy(data: Pool());
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            bool isTooLate = timeout.IsCancellationRequested || failure is StreamRuntimeException { Kind: ErrorKind.Timeout };
            if (isTooLate && IsExhausted())
            {
                return HealthCheckResult.Degraded($"All {source.Options.Pool.MaxSize} connections of the pool are in use.", failure, Pool());
            }

            string reason = failure is StreamRuntimeException ? failure.Message
                : string.Create(CultureInfo.InvariantCulture, $"The server did not answer within {limit.TotalSeconds:0.###} s.");
            return new HealthCheckResult(failed, reason, failure, Pool());
        }
        catch (ObjectDisposedException failure)
        {
            return new HealthCheckResult(failed, "The data source is disposed.", failure);
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        JsonRowStream rows = await source.StreamAsync(Question, cancellationToken: cancellationToken).ConfigureAwait(false);
        await using (((IAsyncDisposable)rows).ConfigureAwait(false))
        {
            while (await rows.ReadBatchAsync(cancellationToken).ConfigureAwait(false))
            {
            }
        }
    }

    private bool IsExhausted()
    {
        PoolStatistics pool = source.GetPoolStatistics();
        return pool.Idle == 0 && pool.Opening == 0 && pool.Leased >= source.Options.Pool.MaxSize;
    }

    private Dictionary<string, object> Pool()
    {
        PoolStatistics pool = source.GetPoolStatistics();
        return new Dictionary<string, object> { ["leased"] = pool.Leased, ["idle"] = pool.Idle, ["waiting"] = pool.Waiting, ["maxSize"] = source.Options.Pool.MaxSize };
    }
}
