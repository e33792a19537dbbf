using System.Collections.Concurrent;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Chooses among several servers: the order to try them in, and which one is acceptable.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HostSelector
{
    // As long as a server takes to be missed by whoever restarts it. It is tried all the same, where the others don't serve.
    private static readonly TimeSpan Distrust = TimeSpan.FromSeconds(30);

    private readonly PostgresOptions _options;
    private readonly ConcurrentDictionary<PostgresEndpoint, long> _lostAt = new();

    public HostSelector(PostgresOptions options) => _options = options;

    /// <summary>Opens a connection to the first server that answers and is acceptable.</summary>
    /// <exception cref="StreamRuntimeException">None is; the message says why for each.</exception>
    public async Task<PostgresConnection> OpenAsync(CancellationToken cancellationToken)
    {
        PostgresEndpoint[] endpoints = [.. _options.Endpoints];
        if (_options.LoadBalanceHosts)
        {
            Random.Shared.Shuffle(endpoints);
        }

        if (!_lostAt.IsEmpty)
        {
            endpoints = [.. endpoints.OrderBy(IsDistrusted)];
        }

        var failures = new List<StreamRuntimeException>();
        TargetSessionAttributes wanted = _options.TargetSessionAttributes;
        if (wanted == TargetSessionAttributes.PreferStandby)
        {
            if (await TryOpenAsync(endpoints, TargetSessionAttributes.Standby, failures, cancellationToken).ConfigureAwait(false) is { } standby)
            {
                return standby;
            }

            failures.Clear();
            wanted = TargetSessionAttributes.Any;
        }

        return await TryOpenAsync(endpoints, wanted, failures, cancellationToken).ConfigureAwait(false) ?? throw Combine(failures);
    }

    /// <summary>Has a server tried after all others for a while.</summary>
    public void TryLast(PostgresEndpoint endpoint) => _lostAt[endpoint] = _options.TimeProvider.GetTimestamp();

    private bool IsDistrusted(PostgresEndpoint endpoint)
    {
        if (!_lostAt.TryGetValue(endpoint, out long lostAt))
        {
            return false;
        }

        if (_options.TimeProvider.GetElapsedTime(lostAt) < Distrust)
        {
            return true;
        }

        _lostAt.TryRemove(KeyValuePair.Create(endpoint, lostAt));
        return false;
    }

    private async Task<PostgresConnection?> TryOpenAsync(
        PostgresEndpoint[] endpoints, TargetSessionAttributes wanted, List<StreamRuntimeException> failures, CancellationToken cancellationToken)
    {
        foreach (PostgresEndpoint endpoint in endpoints)
        {
            try
            {
                PostgresConnection connection = await ConnectionOpener.OpenAsync(_options, endpoint, cancellationToken).ConfigureAwait(false);
                if (await IsAcceptableAsync(connection, wanted, cancellationToken).ConfigureAwait(false))
                {
                    return connection;
                }

                await connection.DisposeAsync().ConfigureAwait(false);
                failures.Add(new StreamRuntimeException(
                    ErrorKind.ConnectFailed, $"The server at {endpoint} is not what target_session_attrs asks for ({wanted}).", isTransient: true));
            }
            catch (StreamRuntimeException failure) when (!EndsSearch(failure))
            {
                failures.Add(failure);
            }
        }

        return null;
    }

    // As libpq: a server that answered and refused the login ends the search; trying the same password elsewhere helps nobody.
    private static bool EndsSearch(StreamRuntimeException failure) =>
        failure.Kind == ErrorKind.Authentication || failure is PostgresServerException { SqlState: ['2', '8', ..] };

    private async Task<bool> IsAcceptableAsync(PostgresConnection connection, TargetSessionAttributes wanted, CancellationToken cancellationToken)
    {
        if (wanted == TargetSessionAttributes.Any)
        {
            return true;
        }

        // One deadline for the question, as for the connection before it.
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            bool isStandby = connection.Parameters.IsInHotStandby
                ?? await ScalarQuery.ReadAsync(connection, "select pg_catalog.pg_is_in_recovery()", either.Token).ConfigureAwait(false) == "t";
            if (wanted is TargetSessionAttributes.Primary or TargetSessionAttributes.Standby)
            {
                return isStandby == (wanted == TargetSessionAttributes.Standby);
            }

            bool isReadOnly = isStandby || (connection.Parameters.IsReadOnlyByDefault
                ?? await ScalarQuery.ReadAsync(connection, "show transaction_read_only", either.Token).ConfigureAwait(false) == "on");
            return isReadOnly == (wanted == TargetSessionAttributes.ReadOnly);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw new StreamRuntimeException(ErrorKind.Timeout, $"The server at {connection.Endpoint} did not say in time whether it accepts writes.", isTransient: true);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static StreamRuntimeException Combine(List<StreamRuntimeException> failures) => failures switch
    {
        [var only] => only,
        _ => new StreamRuntimeException(
            ErrorKind.ConnectFailed,
            "No server could be used: " + string.Join(" | ", failures.Select(failure => failure.Message)),
            new AggregateException(failures),
            failures.Exists(failure => failure.IsTransient)),
    };
}
