using System.Globalization;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.TestKit.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Benchmarks.Tests.Designs;

/// <summary>Real threads against one stream of each design. Each test prints its seed; what a seed can't fix is the scheduler.</summary>
public sealed class LockedRowStreamStressTests(ITestOutputHelper output)
{
    private static bool IsFullRun { get; } = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Toggles_FromOtherThreads_LoseAndDoubleNothing(bool isEager)
    {
        int toggles = IsFullRun ? 500_000 : 10_000;
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        long made = 0;
        bool stop = false;
        var source = new ScriptedRowSource().Forever((rows, _) =>
        {
            (++made).TryFormat(rows.GetSpan(20), out int written, default, CultureInfo.InvariantCulture);
            rows.Advance(written);
            rows.EndRow();
        });
        await using LockedRowStream stream = Locked.Stream(source, isEager);
        Task[] togglers = [.. Enumerable.Range(0, 2).Select(t => Task.Factory.StartNew(() => Toggle(stream, source, toggles / 2, new Random(seed + t)), TaskCreationOptions.LongRunning))];
        Task joined = Task.WhenAll(togglers).ContinueWith(_ => Volatile.Write(ref stop, true), TaskScheduler.Default);
        long expected = 0;
        while (!Volatile.Read(ref stop))
        {
            foreach (string row in await Locked.NextAsync(stream))
            {
                Assert.Equal(Locked.Number(++expected), row);
            }
        }

        await Task.WhenAll([.. togglers, joined]);
        Assert.Null(source.BrokenRule);
        Assert.True(stream.GetStatistics().Pauses > 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pause_FromManyThreads_HasOneWinner(bool isEager)
    {
        int times = IsFullRun ? 100_000 : 2_000;
        for (int i = 0; i < times; i++)
        {
            LockedRowStream stream = Locked.Stream(new ScriptedRowSource(), isEager);
            int winners = 0;
            Parallel.Invoke(Pause, Pause, Pause);
            Assert.Equal((1, 1), (winners, stream.GetStatistics().Pauses));

            void Pause()
            {
                if (stream.TryPause())
                {
                    Interlocked.Increment(ref winners);
                }
            }
        }
    }

    // A pause that completed must hold: until its resume no receive may start, whatever the other toggler does to the state meanwhile is between the two.
    private static void Toggle(LockedRowStream stream, ScriptedRowSource source, int times, Random random)
    {
        for (int i = 0; i < times; i++)
        {
            stream.PauseAsync().GetAwaiter().GetResult();
            Thread.SpinWait(random.Next(20));
            stream.ResumeAsync().GetAwaiter().GetResult();

            // Now and then until the reader has woken, or it would sleep through nearly all of it.
            if (i % 64 == 0)
            {
                int receives = source.Receives;
                Assert.True(SpinWait.SpinUntil(() => source.Receives != receives, Locked.Patience), "the reader was not woken");
            }
        }
    }
}
