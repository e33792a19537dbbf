namespace StreamRuntime.Benchmarks.Streams;

/// <summary>A state that is only looked at and changed under a lock.</summary>
internal sealed class LockedByte
{
    private readonly object _sync = new();
    private byte _value;

    public byte Read()
    {
        lock (_sync)
        {
            return _value;
        }
    }

    public bool TryMove(byte from, byte to)
    {
        lock (_sync)
        {
            if (_value != from)
            {
                return false;
            }

            _value = to;
            return true;
        }
    }
}

/// <summary>A state that is only looked at and changed by whoever holds a semaphore.</summary>
internal sealed class SemaphoreByte : IDisposable
{
    private readonly SemaphoreSlim _sync = new(1);
    private byte _value;

    public byte Read()
    {
        _sync.Wait();
        byte value = _value;
        _sync.Release();
        return value;
    }

    public bool TryMove(byte from, byte to)
    {
        _sync.Wait();
        bool moves = _value == from;
        if (moves)
        {
            _value = to;
        }

        _sync.Release();
        return moves;
    }

    public void Dispose() => _sync.Dispose();
}
