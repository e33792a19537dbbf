using StreamRuntime.Postgres.ParallelReads;

namespace StreamRuntime.Postgres.Tests.ParallelReads;

public sealed class ReadySignalTests
{
    [Fact]
    public async Task Wait_AfterSet_EndsAtOnce()
    {
        var signal = new ReadySignal();
        signal.Set();
        signal.Set();
        Assert.True(signal.WaitAsync().AsTask().IsCompletedSuccessfully);
        Task next = signal.WaitAsync().AsTask();
        Assert.False(next.IsCompleted);
        signal.Set();
        await next;
    }

    [Fact]
    public async Task Set_FromManyThreads_WakesTheWaiterForEveryOne()
    {
        const int Setters = 4;
        int seed = Environment.TickCount;
        int rounds = Live.LiveStreams.IsFull ? 1_000_000 : 50_000;
        var signal = new ReadySignal();
        int[] written = new int[Setters];
        Thread[] threads = [.. Enumerable.Range(0, Setters).Select(number => new Thread(() =>
        {
            var random = new Random(seed + number);
            for (int i = 1; i <= rounds; i++)
            {
                Volatile.Write(ref written[number], i);
                signal.Set();
                if (random.Next(64) == 0)
                {
                    Thread.Yield();
                }
            }
        }))];
        Array.ForEach(threads, t => t.Start());

        // A wake-up that is lost leaves this waiting for ever, with all written and nobody left to set it.
        Task waiting = Task.Run(async () =>
        {
            while (written.Any(w => Volatile.Read(ref w) < rounds))
            {
                await signal.WaitAsync();
            }
        });
        try
        {
            await waiting.WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            Assert.Fail($"A wake-up was lost; the seed was {seed}.");
        }

        Array.ForEach(threads, t => t.Join());
    }
}
