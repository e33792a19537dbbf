using System.Diagnostics;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>
/// How soon a pause stops a consumer that reads on another thread as fast as it can, and how soon a resume gives it rows again. Wall time, for it is somebody's
/// waiting that is asked about.
/// </summary>
internal static class PauseLatency
{
    public const string Pause = "pausing a busy reader";

    public const string Resume = "resuming a waiting reader";

    private const int Pauses = 2000;

    // For the compiler, and for the thread pool to have its threads.
    private const int WarmUpPauses = 300;

    // About what a socket delivers at once.
    private const int RowsPerReceive = 300;

    public static IEnumerable<CaseFigures> Measure()
    {
        var source = new EndlessRowSource(RowsPerReceive);
        var stream = JsonRowStream.Create(source);
        var reader = new Reader(stream);
        Task reading = Task.Run(reader.ReadAsync);
        var untilPaused = new double[Pauses];
        var untilLastReceive = new double[Pauses];
        var untilNextRow = new double[Pauses];
        for (int i = -WarmUpPauses; i < Pauses; i++)
        {
            // Not always at the same point of the reader's loop.
            long batches = reader.Batches + 1 + (i & 7);
            Await(() => reader.Batches >= batches);
            Thread.SpinWait(37 * (i & 15));

            long pausedAt = Stopwatch.GetTimestamp();
            Task pause = stream.PauseAsync();
            Await(() => pause.IsCompleted);
            long completeAt = Stopwatch.GetTimestamp();
            Await(() => reader.IsWaiting);
            long lastReceiveAt = source.LastReceiveAt;

            long resumedAt = Stopwatch.GetTimestamp();
            stream.TryResume();
            Await(() => !reader.IsWaiting);
            if (i >= 0)
            {
                untilPaused[i] = Nanoseconds(pausedAt, completeAt);
                untilLastReceive[i] = Nanoseconds(pausedAt, lastReceiveAt);
                untilNextRow[i] = Nanoseconds(resumedAt, reader.RowAt);
            }
        }

        Dispose(stream, reading);
        return
        [
            .. Figures(Pause, "until PauseAsync completes", untilPaused),
            .. Figures(Pause, "until the last receive ends", untilLastReceive),
            .. Figures(Resume, "until the next row", untilNextRow),
        ];
    }

    private static IEnumerable<CaseFigures> Figures(string situation, string subject, double[] nanoseconds)
    {
        double[] sorted = [.. nanoseconds.Order()];
        yield return new CaseFigures(situation, subject, new Dictionary<string, double> { [Figure.TimeNs] = Medians.Of(sorted) });
        yield return new CaseFigures(situation, subject + ", 99 of 100", new Dictionary<string, double> { [Figure.TimeNs] = sorted[sorted.Length * 99 / 100] });
    }

    // A receive that had ended when the pause began was the last one already.
    private static double Nanoseconds(long from, long to) => Math.Max(0, Stopwatch.GetElapsedTime(from, to).TotalNanoseconds);

    private static void Await(Func<bool> condition)
    {
        var spin = default(SpinWait);
        while (!condition())
        {
            // Never sleeps: a sleep is longer than anything measured here.
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private static void Dispose(JsonRowStream stream, Task reading)
    {
        stream.DisposeAsync().AsTask().GetAwaiter().GetResult();
        try
        {
            reading.GetAwaiter().GetResult();
        }
        catch (ObjectDisposedException)
        {
            // How an endless stream ends for its reader.
        }
    }

    private sealed class Reader(JsonRowStream stream)
    {
        private long _batches;
        private bool _isWaiting;

        public long Batches => Volatile.Read(ref _batches);

        public bool IsWaiting => Volatile.Read(ref _isWaiting);

        /// <summary>When the latest wait ended with a row; read after <see cref="IsWaiting"/> is false.</summary>
        public long RowAt { get; private set; }

        public async Task ReadAsync()
        {
            while (true)
            {
                // The source is never waited for, so a read that is under way is one that waits for the resume.
                ValueTask<bool> read = stream.ReadBatchAsync();
                bool waits = !read.IsCompleted;
                Volatile.Write(ref _isWaiting, waits);
                await read;
                if (waits)
                {
                    RowAt = Stopwatch.GetTimestamp();
                    Volatile.Write(ref _isWaiting, false);
                }

                Volatile.Write(ref _batches, _batches + 1);
            }
        }
    }
}
