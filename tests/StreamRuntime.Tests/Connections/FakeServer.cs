using StreamRuntime.Connections;

namespace StreamRuntime.Tests.Connections;

/// <summary>A server that counts its connections, and lets the test say when one opens and whether it breaks.</summary>
internal sealed class FakeServer
{
    private int _open;
    private int _mostOpen;
    private int _opened;

    /// <summary>Connections that are open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>The most that ever were at the same time.</summary>
    public int MostOpen => Volatile.Read(ref _mostOpen);

    public int Opened => Volatile.Read(ref _opened);

    /// <summary>What opening waits for; null opens at once.</summary>
    public Func<CancellationToken, Task>? Before { get; set; }

    public async ValueTask<PooledFake> OpenAsync(CancellationToken cancellationToken)
    {
        if (Before is { } before)
        {
            await before(cancellationToken);
        }

        int open = Interlocked.Increment(ref _open);
        for (int most = MostOpen; open > most; most = MostOpen)
        {
            Interlocked.CompareExchange(ref _mostOpen, open, most);
        }

        return new PooledFake(this, Interlocked.Increment(ref _opened));
    }

    public void Closed() => Interlocked.Decrement(ref _open);
}

internal sealed class PooledFake(FakeServer server, int number) : IPooledConnection
{
    private int _users;
    private int _isClosed;

    public int Number { get; } = number;

    public bool IsBroken { get; set; }

    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    public bool IsUsable => !IsBroken;

    /// <summary>Fails the test when two use it at the same time, or when it is closed.</summary>
    public void BeginUse()
    {
        if (Interlocked.Increment(ref _users) != 1 || IsClosed)
        {
            throw new InvalidOperationException($"connection {Number} is used twice, or closed");
        }
    }

    public void EndUse() => Interlocked.Decrement(ref _users);

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
        {
            throw new InvalidOperationException($"connection {Number} is closed twice");
        }

        server.Closed();
        return default;
    }
}
