namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>Counts what comes within a second.</summary>
/// <remarks>A mutable struct with one owner. A second begins with the first that comes after the last one has ended.</remarks>
internal struct FrameRate(int most)
{
    private const long Second = 1_000_000_000;

    private long _since;
    private int _count;

    /// <summary>Counts one more; false when that is too many.</summary>
    /// <param name="now">Nanoseconds.</param>
    public bool TryCount(long now)
    {
        if (_count == 0 || now - _since >= Second)
        {
            _since = now;
            _count = 0;
        }

        return ++_count <= most;
    }
}
