using System.Globalization;
using System.Runtime.CompilerServices;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>
/// What a paused stream keeps: the managed heap after a full, compacting collection with the streams, less the heap without them. Counted with a stream are
/// its source, its rented arrays and a reader that waits; not the rows' memory, which all share, and not the list that holds them.
/// </summary>
internal static class PausedMemory
{
    public const string InMidStream = "in mid-stream, reader waiting";

    public const string InMidStreamOverStream = "in mid-stream, reader waiting, over a MemoryStream";

    public const string BeforeFirstRow = "before the first row";

    private const int MostWhenQuick = 1_000;

    // Enough rows for many receives.
    private const int Rows = 10_000;

    // Kept while others are measured: they take what the shared array pool has left over, or streams would be measured that rent for nothing.
    private const int StreamsBefore = 256;

    // One stream's heap is measured so often, and the middle is taken.
    private const int TimesOfOne = 15;

    public static IReadOnlyList<int> Counts { get; } = [1, MostWhenQuick, 100_000];

    public static IReadOnlyList<string> Subjects { get; } = [InMidStream, InMidStreamOverStream, BeforeFirstRow];

    public static string Situation(int count) => string.Create(CultureInfo.InvariantCulture, $"memory of {count:#,0} paused {(count == 1 ? "stream" : "streams")}");

    public static IEnumerable<CaseFigures> Measure(bool isQuick)
    {
        byte[] lines = SampleRows.Make(Rows, SampleRows.SmallRowBytes);
        foreach (int count in Counts.Where(c => c <= MostWhenQuick || !isQuick))
        {
            foreach (string subject in Subjects)
            {
                double held = count == 1 ? Medians.Of(HeldPerStream(subject, lines, 1, TimesOfOne)) : HeldPerStream(subject, lines, count, 1)[0];
                yield return new CaseFigures(Situation(count), subject, new Dictionary<string, double> { [Figure.HeldBytes] = held });
            }
        }
    }

    // Not inlined, so that what was measured is not held by a register any more when the next is.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double[] HeldPerStream(string subject, byte[] lines, int count, int times)
    {
        var paused = new PausedStream[StreamsBefore + count * times];
        int made = 0;
        while (made < StreamsBefore)
        {
            paused[made++] = Pause(subject, lines);
        }

        var held = new double[times];
        long before = LiveBytes();
        for (int time = 0; time < times; time++)
        {
            for (int i = 0; i < count; i++)
            {
                paused[made++] = Pause(subject, lines);
            }

            long after = LiveBytes();
            held[time] = (double)(after - before) / count;
            before = after;
        }

        GC.KeepAlive(paused);
        return held;
    }

    private static PausedStream Pause(string subject, byte[] lines)
    {
        var stream = JsonRowStream.Create(subject == InMidStreamOverStream ? SampleRows.FromStream(lines) : SampleRows.FromMemory(lines));
        if (subject == BeforeFirstRow)
        {
            stream.TryPause();
            return new PausedStream(stream, default);
        }

        Completed.Now(stream.ReadBatchAsync());
        stream.TryPause();
        ValueTask<bool> read = stream.ReadBatchAsync();
        return read.IsCompleted
            ? throw new InvalidOperationException("A paused stream was read on.")
            : new PausedStream(stream, read);
    }

    private static long LiveBytes()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: false);
    }

    private readonly record struct PausedStream(JsonRowStream Stream, ValueTask<bool> Read);
}
