using System.Runtime.CompilerServices;
using StreamRuntime.Postgres.Diagnostics;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>The rows of one backend as a source of its own, which shares the partitions and its fate with the others.</summary>
/// <remarks>Used by one reader at a time, as every source.</remarks>
internal sealed class BackendRows(Backend backend, CommonFate fate, QueryObservation? observation) : IRowSource
{
    private CancellationToken _heeded;
    private CancellationTokenSource? _stop;
    private bool _isDisposed;

    public string Description => $"{backend.Description}, one of several backends";

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        fate.ThrowIfFailed();
        try
        {
            if (!backend.IsDone && !backend.HasUnseen)
            {
                await backend.StepToEndAsync(Heed(cancellationToken)).ConfigureAwait(false);
            }

            if (backend.HasUnseen)
            {
                backend.Look(rows);
            }

            return !backend.IsDone;
        }
        catch (OperationCanceledException) when (fate.IsFailed && !cancellationToken.IsCancellationRequested)
        {
            fate.ThrowIfFailed();
            throw;
        }
        catch (OperationCanceledException)
        {
            fate.Fail(GivenUp());
            throw;
        }
        catch (Exception failure)
        {
            fate.Fail(failure);
            throw;
        }
    }

    public int ReleaseIdleMemory() => backend.ReleaseIdleMemory();

    public void Ending(StreamState end, Exception? error)
    {
        if (end == StreamState.Error)
        {
            // What the source did not fail with itself is told to it here alone.
            fate.Fail(error is null or OperationCanceledException ? GivenUp() : error);
            observation?.End(error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        try
        {
            await backend.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _stop?.Dispose();
            if (fate.Leave())
            {
                observation?.End(null);
            }
        }
    }

    private static StreamRuntimeException GivenUp() => new(
        ErrorKind.StreamEnded, "Another stream of the same parallel read was cancelled, disposed or met a deadline before its end, which ends all of them.");

    // The stream has one token for all its receives.
    private CancellationToken Heed(CancellationToken cancellationToken)
    {
        if (_stop is null || cancellationToken != _heeded)
        {
            _stop?.Dispose();
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, fate.Stop);
            _heeded = cancellationToken;
        }

        return _stop.Token;
    }
}
