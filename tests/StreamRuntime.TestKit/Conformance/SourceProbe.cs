using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>Stands between a stream and the source under test, passes everything on, and writes down how each used the other.</summary>
/// <remarks>Its counts may be read by any thread.</remarks>
internal sealed class SourceProbe(IRowSource source) : IRowSource
{
    private readonly SemaphoreSlim _parked = new(0);
    private int _receives;
    private int _underWay;
    private int _disposals;
    private int _held;
    private string? _broken;
    private Exception? _disposalFailure;

    /// <summary>How many receives were asked for.</summary>
    public int Receives => Volatile.Read(ref _receives);

    /// <summary>True while a receive is under way.</summary>
    public bool IsReceiving => Volatile.Read(ref _underWay) != 0;

    /// <summary>How many times the source was disposed.</summary>
    public int Disposals => Volatile.Read(ref _disposals);

    /// <summary>What the source said it still holds when it last gave memory back, in bytes.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>What may never happen and did, the first of it; null when nothing did.</summary>
    public string? Broken => Volatile.Read(ref _broken);

    /// <summary>What disposing the source failed with.</summary>
    public Exception? DisposalFailure => Volatile.Read(ref _disposalFailure);

    /// <summary>Completes when the stream's reader has begun to wait for the end of a pause; each call waits for one beginning.</summary>
    public Task ParkedAsync() => _parked.WaitAsync();

    public async ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _receives);
        if (Interlocked.Increment(ref _underWay) != 1)
        {
            Break("a receive was asked for while another was under way");
        }

        if (Disposals != 0)
        {
            Break("a receive was asked for after the disposal");
        }

        try
        {
            return await source.ReceiveAsync(rows, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    public int ReleaseIdleMemory()
    {
        int held = source.ReleaseIdleMemory();
        Volatile.Write(ref _held, held);
        _parked.Release();
        return held;
    }

    public void Ending(StreamState end, Exception? error) => source.Ending(end, error);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Increment(ref _disposals) != 1)
        {
            Break("the source was disposed twice");
        }

        if (IsReceiving)
        {
            Break("the source was disposed during a receive");
        }

        try
        {
            await source.DisposeAsync();
        }
        catch (Exception failure)
        {
            Volatile.Write(ref _disposalFailure, failure);
            throw;
        }
    }

    private void Break(string what) => Interlocked.CompareExchange(ref _broken, what, null);
}
