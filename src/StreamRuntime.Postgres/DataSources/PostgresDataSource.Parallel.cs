using System.Runtime.ExceptionServices;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.DataSources;

public sealed partial class PostgresDataSource
{
    /// <summary>
    /// Runs a query over several backends at the same time, each of which gives a part of its rows, all as of the same moment. The rows are those that one backend would give under the
    /// same snapshot, in no order, or in that of a key.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Without <see cref="ParallelReadOptions.Key"/> the query must be a plain read of one table: <c>select a, b from t</c>, with or without <c>where</c>. With a key any query will do that
    /// gives the same rows every time it is run under one snapshot (so no <c>random()</c>, and no limit without an order); its own order is not kept. The row is what it is without a
    /// key; but where all columns but the key's are one of JSON, that one is the row.
    /// </para>
    /// <para>
    /// PostgreSQL 14 or later for a read without a key, and 10 or later with one. A standby will do. All connections must lead to one server: with several
    /// <see cref="PostgresOptions.Endpoints"/> those of the first backend's are taken, and a balancer that spreads connections is found out and refused. Through pgbouncer it works where the
    /// pool has a connection for every backend, since each keeps one transaction open until it is done.
    /// </para>
    /// <para>
    /// While it is read, and paused, the server keeps the snapshot, and the tables can't be altered. A transaction is let alone by <c>idle_in_transaction_session_timeout</c>.
    /// </para>
    /// </remarks>
    /// <param name="query">The query.</param>
    /// <param name="parallel">How it is cut and read; <see cref="ParallelReadOptions.Default"/> when null.</param>
    /// <param name="options">How each stream behaves; <see cref="PostgresOptions.Streams"/> when null. <see cref="JsonRowStreamOptions.MaxBufferedBytes"/> is for each backend.</param>
    /// <param name="cancellationToken">Cancels connecting, cutting and starting; reading has a token of its own.</param>
    /// <returns>The stream or streams, at their first rows. Disposing ends what the backends run.</returns>
    /// <exception cref="PostgresServerException">A server refused the login or the query.</exception>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>: the query can't be cut, or the connections share no snapshot; the message says what to do instead. Others: no connection, a
    /// deadline passed, or the server broke the protocol.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The data source is disposed.</exception>
    public async ValueTask<ParallelRows> StreamInParallelAsync(
        PostgresQuery query, ParallelReadOptions? parallel = null, JsonRowStreamOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        parallel ??= ParallelReadOptions.Default;
        parallel.Validate();
        if (parallel is { Backends: 1, Key: null })
        {
            return new ParallelRows([await StreamAsync(query, options, cancellationToken).ConfigureAwait(false)], []);
        }

        options ??= Options.Streams;
        options.Validate();
        if (parallel.Backends > Options.Pool.MaxSize)
        {
            throw new StreamRuntimeException(
                ErrorKind.Configuration, $"{parallel.Backends} backends need as many connections, and the pool may have {Options.Pool.MaxSize} (Pool.MaxSize).");
        }

        QueryObservation? observation = QueryObservation.TryStart(Options, query);
        try
        {
            return await StartInParallelAsync(query, parallel, options, observation, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (observation is not null)
        {
            observation.End(failure);
            throw;
        }
    }

    private async Task<ParallelRows> StartInParallelAsync(
        PostgresQuery query, ParallelReadOptions parallel, JsonRowStreamOptions options, QueryObservation? observation, CancellationToken cancellationToken)
    {
        using var limit = new StartLimit(options, cancellationToken);
        List<PoolLease<PostgresConnection>> opened = [];
        try
        {
            (PartitionPlan plan, string snapshot) = await OpenAllAsync(query, parallel, observation, opened, limit.Token).ConfigureAwait(false);
            PartitionQueue queue = new(plan.Partitions);
            Backend[] backends = [.. opened.Select(lease => new Backend(lease.Connection, queue, _shapes, isClean => ReleaseAsync(lease, isClean)))];
            return new ParallelRows(MakeStreams(backends, parallel, options, observation), plan.Partitions) { Backends = backends.Length, Snapshot = snapshot };
        }
        catch (Exception failure)
        {
            await Task.WhenAll(opened.Select(EndAsync)).ConfigureAwait(false);
            if (limit.HasPassed(failure))
            {
                throw limit.Passed("The server did not let all backends start (through a pooler, each needs a connection of its pool)");
            }

            throw;
        }
    }

    private static JsonRowStream[] MakeStreams(Backend[] backends, ParallelReadOptions parallel, JsonRowStreamOptions options, QueryObservation? observation)
    {
        if (!parallel.SeparateStreams)
        {
            return [JsonRowStream.Create(new MergedRows(backends, parallel.IsOrdered ? parallel.ReadAheadOfEach : null, observation), options)];
        }

        var fate = new CommonFate(backends.Length);
        return [.. backends.Select(b => JsonRowStream.Create(new BackendRows(b, fate, observation), options))];
    }

    /// <summary>Opens the first transaction, has the query cut in it, and opens as many more as there is work for.</summary>
    /// <param name="query">The query.</param>
    /// <param name="parallel">How it is read.</param>
    /// <param name="observation">Is told of the server.</param>
    /// <param name="opened">Takes every connection whose transaction has begun, also where others fail.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task<(PartitionPlan Plan, string Snapshot)> OpenAllAsync(
        PostgresQuery query, ParallelReadOptions parallel, QueryObservation? observation, List<PoolLease<PostgresConnection>> opened, CancellationToken cancellationToken)
    {
        string snapshot = "";
        PartitionPlan plan = null!;
        PoolLease<PostgresConnection> first = await BeginAsync(
            null,
            async connection =>
            {
                observation?.TakeServer(connection.Endpoint);
                snapshot = await SnapshotTransaction.ExportAsync(connection, cancellationToken).ConfigureAwait(false);
                plan = await PartitionPlan.MakeAsync(connection, query, parallel, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        opened.Add(first);

        // The first failure ends the others' waits, and is the one that is told.
        ExceptionDispatchInfo? failure = null;
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAll(Enumerable.Range(1, Math.Min(parallel.Backends, plan.Partitions.Count) - 1).Select(async _ =>
        {
            try
            {
                PoolLease<PostgresConnection> next = await BeginAsync(
                    first.Connection.Endpoint,
                    async connection =>
                    {
                        await SnapshotTransaction.ImportAsync(connection, snapshot, together.Token).ConfigureAwait(false);
                        if (plan.Preparation is { } preparation)
                        {
                            await ScalarQuery.RunAsync(connection, preparation, together.Token).ConfigureAwait(false);
                        }
                    },
                    together.Token).ConfigureAwait(false);
                lock (opened)
                {
                    opened.Add(next);
                }
            }
            catch (Exception failed)
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(failed), null);
                await together.CancelAsync().ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
        failure?.Throw();
        return (plan, snapshot);
    }

    /// <summary>Leases a connection and begins something on it. One that was lost while it was idle is replaced; where beginning fails, it is let go.</summary>
    private async Task<PoolLease<PostgresConnection>> BeginAsync(PostgresEndpoint? server, Func<PostgresConnection, Task> begin, CancellationToken cancellationToken)
    {
        while (true)
        {
            PoolLease<PostgresConnection> lease = await LeaseForAsync(server, cancellationToken).ConfigureAwait(false);
            try
            {
                await begin(lease.Connection).ConfigureAwait(false);
                return lease;
            }
            catch (StreamRuntimeException lost) when (lease.IsReused && IsLoss(lost))
            {
                await ReleaseAsync(lease, isClean: false).ConfigureAwait(false);
            }
            catch (StreamRuntimeException refused) when (refused.Kind is ErrorKind.Server or ErrorKind.Configuration)
            {
                await EndAsync(lease).ConfigureAwait(false);
                throw;
            }
            catch (OperationCanceledException)
            {
                // The server may be waiting for a lock, where it does not notice that we hang up.
                await QueryCanceller.RequestAsync(lease.Connection).ConfigureAwait(false);
                await ReleaseAsync(lease, isClean: false).ConfigureAwait(false);
                throw;
            }
            catch
            {
                await ReleaseAsync(lease, isClean: false).ConfigureAwait(false);
                throw;
            }
        }
    }

    /// <summary>Ends the transaction of a connection that runs nothing, and lets it go.</summary>
    private async Task EndAsync(PoolLease<PostgresConnection> lease) =>
        await ReleaseAsync(lease, await SnapshotTransaction.TryEndAsync(lease.Connection).ConfigureAwait(false)).ConfigureAwait(false);

    /// <summary>Leases a connection whose session is as after the login.</summary>
    /// <param name="server">The server it must lead to; null for any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async Task<PoolLease<PostgresConnection>> LeaseForAsync(PostgresEndpoint? server, CancellationToken cancellationToken)
    {
        // Of those that lead elsewhere so many are held back, or the pool would give the same one again.
        List<PoolLease<PostgresConnection>> others = [];
        try
        {
            while (true)
            {
                PoolLease<PostgresConnection> lease = await _pool.LeaseAsync(cancellationToken).ConfigureAwait(false);
                if (server is not null && lease.Connection.Endpoint != server)
                {
                    others.Add(lease);
                    if (others.Count > 4 * Options.Endpoints.Count)
                    {
                        throw new StreamRuntimeException(
                            ErrorKind.ConnectFailed,
                            $"Several backends must be of one server, but further connections lead to {lease.Connection.Endpoint} and not to {server}. Name one server, or read with one backend.");
                    }
                }
                else if (await IsReadyAsync(lease, cancellationToken).ConfigureAwait(false))
                {
                    return lease;
                }
            }
        }
        finally
        {
            foreach (PoolLease<PostgresConnection> other in others)
            {
                await other.ReturnAsync(isClean: true).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Has the reset of the connection's last use done, where one is due. False when it can't be used, and was let go.</summary>
    private async Task<bool> IsReadyAsync(PoolLease<PostgresConnection> lease, CancellationToken cancellationToken)
    {
        PostgresConnection connection = lease.Connection;
        bool isReady = false;
        try
        {
            bool isAsked = true;
            if (connection.NeedsReset)
            {
                connection.NeedsReset = false;
                isAsked = await SessionReset.TryBeginAsync(connection, cancellationToken).ConfigureAwait(false);
            }

            connection.OnlyReads = true;
            isReady = isAsked && await IsResetAsync(connection, Options.TimeProvider, cancellationToken).ConfigureAwait(false);
            return isReady;
        }
        finally
        {
            if (!isReady)
            {
                await ReleaseAsync(lease, isClean: false).ConfigureAwait(false);
            }
        }
    }
}
