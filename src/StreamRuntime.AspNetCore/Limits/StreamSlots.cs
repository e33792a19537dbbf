namespace StreamRuntime.AspNetCore.Limits;

/// <summary>Counts streams that run and streams that are paused by request, and lets neither be more than may be.</summary>
/// <remarks>Thread-safe. Both counts lie in one word, so that a stream that goes over from one to the other is always counted exactly once.</remarks>
internal sealed class StreamSlots(int mostRunning, int mostPaused)
{
    private const long OneRunning = 1;
    private const long OnePaused = 1L << 32;

    private long _counts;

    public int Running => (int)(Volatile.Read(ref _counts) & uint.MaxValue);

    public int Paused => (int)(Volatile.Read(ref _counts) >> 32);

    public bool TryStart() => TryAdd(OneRunning);

    public bool TryPause() => TryAdd(OnePaused - OneRunning);

    public bool TryResume() => TryAdd(OneRunning - OnePaused);

    /// <summary>For a stream that resumed by itself, and so has to be counted whether there is room or not.</summary>
    public void Resume() => Interlocked.Add(ref _counts, OneRunning - OnePaused);

    public void End(bool wasPaused) => Interlocked.Add(ref _counts, wasPaused ? -OnePaused : -OneRunning);

    private bool TryAdd(long change)
    {
        while (true)
        {
            long seen = Volatile.Read(ref _counts);
            long wanted = seen + change;

            // Only the count that grows is asked: one that is over its limit may still shrink.
            bool fits = change is OneRunning or OneRunning - OnePaused ? (wanted & uint.MaxValue) <= mostRunning : wanted >> 32 <= mostPaused;
            if (!fits)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _counts, wanted, seen) == seen)
            {
                return true;
            }
        }
    }
}
