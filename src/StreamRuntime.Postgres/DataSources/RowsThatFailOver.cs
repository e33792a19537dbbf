using System.Runtime.CompilerServices;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.DataSources;

/// <summary>The rows of a query that is run again on another server when its own is lost before the first of them, if it only reads.</summary>
/// <remarks>Used by one reader at a time, as every source.</remarks>
internal sealed class RowsThatFailOver : IRowSource
{
    private readonly Func<PostgresRowSource, CancellationToken, ValueTask<PostgresRowSource>> _runAgain;
    private readonly Func<PostgresRowSource, bool> _onlyReads;
    private readonly QueryObservation? _observation;
    private PostgresRowSource? _rows;
    private int _runsLeft;

    /// <param name="rows">The rows of the first run.</param>
    /// <param name="runsLeft">How often it may be run again.</param>
    /// <param name="runAgain">Runs it, given the rows of the run that was lost.</param>
    /// <param name="onlyReads">Says of a lost run whether it was one of a read, by the settings of its session.</param>
    /// <param name="observation">Is told of the end.</param>
    public RowsThatFailOver(
        PostgresRowSource rows,
        int runsLeft,
        Func<PostgresRowSource, CancellationToken, ValueTask<PostgresRowSource>> runAgain,
        Func<PostgresRowSource, bool> onlyReads,
        QueryObservation? observation)
    {
        _rows = rows;
        _runsLeft = runsLeft;
        _runAgain = runAgain;
        _onlyReads = onlyReads;
        _observation = observation;
    }

    public string? ParkingRefusal => PostgresRowSource.WithoutKey;

    public string Description => Volatile.Read(ref _rows)?.Description ?? nameof(PostgresDataSource);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        PostgresRowSource current = _rows!;
        bool more;
        try
        {
            more = await current.ReceiveAsync(rows, cancellationToken).ConfigureAwait(false);
        }
        catch (StreamRuntimeException lost) when (_runsLeft > 0 && !current.HasRows && PostgresDataSource.IsLoss(lost) && _onlyReads(current))
        {
            await RunAgainAsync(current, cancellationToken).ConfigureAwait(false);

            // What there was of a row went with its connection.
            rows.ReportHeld(0);
            return true;
        }

        return more;
    }

    public int ReleaseIdleMemory() => _rows?.ReleaseIdleMemory() ?? 0;

    public void Ending(StreamState end, Exception? error) => _observation?.End(error);

    public ValueTask DisposeAsync() => _rows?.DisposeAsync() ?? default;

    private async Task RunAgainAsync(PostgresRowSource lost, CancellationToken cancellationToken)
    {
        _runsLeft--;
        _rows = null;
        await lost.DisposeAsync().ConfigureAwait(false);
        _rows = await _runAgain(lost, cancellationToken).ConfigureAwait(false);
    }
}
