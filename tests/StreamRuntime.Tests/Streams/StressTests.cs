using System.Globalization;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Streams;

/// <summary>Real threads against one stream. Each test prints its seed; what a seed can't fix is the scheduler.</summary>
public sealed class StressTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Toggles_FromOtherThreads_LoseAndDoubleNothing()
    {
        int toggles = Rows.IsFullRun ? 1_000_000 : 20_000;
        int seed = Seed();
        long made = 0;
        bool stop = false;
        var source = new ScriptedRowSource().Forever((rows, _) =>
        {
            // An id is only taken when its row is made, so a receive that is lost loses ids.
            for (int i = 0; i < 4; i++)
            {
                (Volatile.Read(ref made) + 1).TryFormat(rows.GetSpan(20), out int written, default, CultureInfo.InvariantCulture);
                rows.Advance(written);
                rows.EndRow();
                Volatile.Write(ref made, made + 1);
            }
        });
        await using JsonRowStream stream = Rows.Stream(source);
        Thread[] togglers = [.. Enumerable.Range(0, 2).Select(t => new Thread(() =>
        {
            var random = new Random(seed + t);
            for (int i = 0; i < toggles / 2; i++)
            {
                if (t == 0)
                {
                    stream.PauseAsync().GetAwaiter().GetResult();
                }
                else
                {
                    stream.TryPause("toggle");
                }

                Thread.SpinWait(random.Next(20));
                stream.ResumeAsync().GetAwaiter().GetResult();

                // Now and then until the reader has woken, or it would sleep through nearly all of it.
                if (i % 64 == 0)
                {
                    int receives = source.Receives;
                    Assert.True(SpinWait.SpinUntil(() => source.Receives != receives, Rows.Patience), $"seed {seed}: the reader was not woken");
                }
            }
        }))];
        Array.ForEach(togglers, t => t.Start());
        Task joined = Task.Run(() =>
        {
            Array.ForEach(togglers, t => t.Join());
            Volatile.Write(ref stop, true);
        });
        long expected = 0;
        while (!Volatile.Read(ref stop))
        {
            Assert.True(await stream.ReadBatchAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(5)));
            foreach (JsonRow row in stream.CurrentBatch)
            {
                long id = long.Parse(row.Span, CultureInfo.InvariantCulture);
                Assert.True(id == ++expected, $"seed {seed}: row {expected} came as {id}");
            }
        }

        await joined;
        StreamStatistics statistics = stream.GetStatistics();
        output.WriteLine($"{statistics.Pauses} pauses, {expected} rows");
        Assert.Equal((made, made), (expected, statistics.RowsDelivered));
        Assert.InRange(statistics.Pauses, toggles / 4, toggles);
        Assert.Equal(StreamState.Running, statistics.State);
    }

    [Fact]
    public async Task AfterPauseCompletes_NoReceiveStarts_UntilResume()
    {
        int rounds = Rows.IsFullRun ? 100_000 : 1_000;
        int seed = Seed();
        var random = new Random(seed);
        var source = new ScriptedRowSource().Forever((rows, _) =>
        {
            rows.GetSpan(1)[0] = (byte)'1';
            rows.Advance(1);
            rows.EndRow();
        });
        JsonRowStream stream = Rows.Stream(source);
        var reader = new Thread(() =>
        {
            try
            {
                while (stream.ReadBatchAsync().AsTask().GetAwaiter().GetResult())
                {
                }
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        });
        reader.Start();
        for (int round = 0; round < rounds; round++)
        {
            await stream.PauseAsync();
            int receives = source.Receives;
            Thread.SpinWait(random.Next(100));
            if (round % 16 == 0)
            {
                await Task.Yield();
            }

            Assert.True(receives == source.Receives, $"seed {seed}, round {round}: a receive started while paused");
            await stream.ResumeAsync();

            // Once the reader is on its way again, or every pause would meet one that is still parked at the gate.
            Assert.True(SpinWait.SpinUntil(() => source.Receives != receives, Rows.Patience), $"seed {seed}, round {round}: the reader was not woken");
            Thread.SpinWait(random.Next(100));
        }

        await stream.DisposeAsync();
        Assert.True(reader.Join(Rows.Patience));
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task EveryCallAtOnce_EndsOnce_HangsNever_AndKeepsTheSourcesRules()
    {
        int rounds = Rows.IsFullRun ? 20_000 : 1_500;
        int seed = Seed();
        for (int round = 0; round < rounds; round++)
        {
            await RaceAsync(new Random(seed + round), $"seed {seed + round}");
        }
    }

    [Fact]
    public async Task PauseRacingTheEnd_PausesBeforeItOrReportsIt()
    {
        int seed = Seed();
        int before = 0, after = 0;
        for (int round = 0; round < 3000; round++)
        {
            await using JsonRowStream stream = Rows.Stream(new ScriptedRowSource().Delivers("1"));
            await stream.ReadBatchAsync();
            using var start = new Barrier(2);
            Task<bool> pause = Task.Run(async () =>
            {
                start.SignalAndWait();
                Thread.SpinWait(new Random(seed).Next(50));
                return await Record.ExceptionAsync(() => stream.PauseAsync()) is not StreamRuntimeException { Kind: ErrorKind.StreamEnded };
            });
            start.SignalAndWait();
            Assert.False(await stream.ReadBatchAsync().AsTask().WaitAsync(Rows.Patience));
            bool paused = await pause;
            Assert.Equal(StreamState.Complete, stream.State);
            Assert.Equal(paused ? 1 : 0, stream.GetStatistics().Pauses);
            _ = paused ? before++ : after++;
        }

        output.WriteLine($"{before} before the end, {after} after");
    }

    private static async Task RaceAsync(Random random, string seed)
    {
        var source = new ScriptedRowSource();
        int receives = random.Next(1, 8);
        for (int i = 0; i < receives; i++)
        {
            source.Delivers([.. Enumerable.Range(0, random.Next(3)).Select(r => $"{r}")]);
        }

        int ending = random.Next(4);
        if (ending == 1)
        {
            source.Fails(new StreamRuntimeException(ErrorKind.Server, "scripted"));
        }

        if (random.Next(2) == 0)
        {
            source.CompletesLater();
        }

        using var cancel = new CancellationTokenSource();
        JsonRowStream stream = Rows.Stream(source);
        using var start = new Barrier(4);
        int[] spins = [.. Enumerable.Range(0, 8).Select(_ => random.Next(400))];
        Task<Exception?> reader = Task.Run(() => Record.ExceptionAsync(async () =>
        {
            start.SignalAndWait();
            while (await stream.ReadBatchAsync(cancel.Token))
            {
                Assert.NotEqual(StreamState.Complete, stream.State);
            }
        }));
        Task pauser = Task.Run(async () =>
        {
            start.SignalAndWait();
            StreamState last = StreamState.Running;
            for (int i = 0; i < 6; i++)
            {
                Exception? refused = await Record.ExceptionAsync(() => i % 2 == 0 ? stream.PauseAsync($"{i}") : stream.ResumeAsync());
                Assert.True(refused is null or StreamRuntimeException { Kind: ErrorKind.StreamEnded }, $"{seed}: {refused}");
                StreamState seen = stream.GetStatistics().State;
                Assert.True(last is StreamState.Running or StreamState.Paused || seen == last, $"{seed}: {last} became {seen}");
                last = seen;
                Thread.SpinWait(spins[i]);
            }
        });
        Task ender = Task.Run(async () =>
        {
            start.SignalAndWait();
            Thread.SpinWait(spins[6] * 5);
            if (ending == 2)
            {
                await cancel.CancelAsync();
            }
            else if (ending == 3)
            {
                await stream.DisposeAsync();
            }
        });
        start.SignalAndWait();
        await Task.WhenAll(pauser, ender).WaitAsync(Rows.Patience);
        stream.TryResume();
        Exception? error = await reader.WaitAsync(Rows.Patience);
        StreamState end = stream.State;
        Assert.True(end is StreamState.Complete or StreamState.Error, $"{seed}: {end}");
        Assert.True(end == StreamState.Complete == error is null, $"{seed}: {end} with {error}");
        Assert.True(
            error switch
            {
                null => true,
                StreamRuntimeException => ending == 1,
                OperationCanceledException => ending == 2,
                ObjectDisposedException => ending == 3,
                _ => false,
            },
            $"{seed}: {error}");
        await Task.WhenAll(stream.DisposeAsync().AsTask(), stream.DisposeAsync().AsTask()).WaitAsync(Rows.Patience);
        Assert.True((end, 1, null) == (stream.State, source.Disposals, source.BrokenRule), $"{seed}: {stream.State}, {source.Disposals}, {source.BrokenRule}");
        Assert.False(stream.TryPause() || stream.TryResume());
    }

    private int Seed()
    {
        int seed = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_SEED") is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next(1_000_000_000);
        output.WriteLine($"seed {seed} (STREAMRUNTIME_TEST_SEED)");
        return seed;
    }
}
