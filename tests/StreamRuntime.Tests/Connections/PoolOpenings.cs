using StreamRuntime.Connections;

namespace StreamRuntime.Tests.Connections;

/// <summary>A server whose connections open, and where the test wants it close, when the test says so.</summary>
internal sealed class PoolOpenings
{
    private readonly Lock _lock = new();
    private readonly List<PoolOpening> _all = [];
    private int _open;
    private int _mostOpen;

    /// <summary>Attempts so far.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>The most that ever were at the same time, from the first attempt to the end of closing.</summary>
    public int MostOpen => Volatile.Read(ref _mostOpen);

    /// <summary>Attempts that still hang.</summary>
    public PoolOpening[] Pending
    {
        get
        {
            lock (_lock)
            {
                return [.. _all.Where(o => !o.Result.Task.IsCompleted)];
            }
        }
    }

    public ValueTask<PoolConnection> OpenAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Every third one does not hear that nobody wants it any more.
            var opening = new PoolOpening { HearsToken = _all.Count % 3 != 2 };
            if (opening.HearsToken)
            {
                cancellationToken.UnsafeRegister(o => Fail((PoolOpening)o!), opening);
            }

            _all.Add(opening);
            _mostOpen = Math.Max(_mostOpen, Interlocked.Increment(ref _open));
            return new ValueTask<PoolConnection>(opening.Result.Task);
        }
    }

    public PoolConnection Succeed(PoolOpening opening)
    {
        var connection = new PoolConnection(this);
        PoolOpening.AtOnce(() => opening.Result.SetResult(connection));
        return connection;
    }

    public void Fail(PoolOpening opening) => PoolOpening.AtOnce(() =>
    {
        if (!opening.Result.Task.IsCompleted)
        {
            // First, because by the next line another may be opened in its place.
            Gone();
            opening.Result.SetException(new IOException("scripted"));
        }
    });

    public void Gone() => Interlocked.Decrement(ref _open);
}

/// <summary>One attempt to open a connection.</summary>
internal sealed class PoolOpening
{
    public TaskCompletionSource<PoolConnection> Result { get; } = new();

    public bool HearsToken { get; init; }

    /// <summary>What waits for it goes on before this returns, which it does on a thread without a context only.</summary>
    public static void AtOnce(Action set)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        set();
        SynchronizationContext.SetSynchronizationContext(context);
    }
}

/// <summary>A connection that can break, can hang when it is closed, and counts how often that is.</summary>
internal sealed class PoolConnection(PoolOpenings server) : IPooledConnection
{
    private int _closes;

    public int Closes => Volatile.Read(ref _closes);

    public bool IsBroken { get; set; }

    /// <summary>Completes when closing may end; null does not make it wait.</summary>
    public TaskCompletionSource? Hold { get; set; }

    public bool IsUsable => !IsBroken;

    public async ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _closes);
        if (Hold is { } hold)
        {
            await hold.Task.ConfigureAwait(false);
        }

        server.Gone();
    }
}
