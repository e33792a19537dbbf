using System.Buffers.Text;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Streams;
using Xunit.Abstractions;

namespace StreamRuntime.Tests.Streams;

/// <summary>Real threads that read, pause, park, resume, cancel and dispose one stream. Each test prints its seed; what a seed can't fix is the scheduler.</summary>
public sealed class ParkingStressTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ParksAndResumes_FromOtherThreads_LoseAndDoubleNothing(bool enumerates)
    {
        int toggles = TestRun.IsFull ? 200_000 : 4_000;
        int seed = TestRun.Seed(output);
        var source = new NumberedRowSource(int.MaxValue, rowsInBatch: 7);
        var delays = new Random(seed + 99);
        source.Receiving = stop => delays.Next(8) == 0 ? Task.Delay(1, stop) : delays.Next(4) == 0 ? Yield() : Task.CompletedTask;
        source.Opening = stop => delays.Next(3) == 0 ? Task.Delay(1, stop) : Task.CompletedTask;
        source.Parking = () => delays.Next(3) == 0 ? Yield() : Task.CompletedTask;
        await using JsonRowStream stream = Rows.Stream(source);
        bool stop = false;
        Task[] togglers = [.. Enumerable.Range(0, 2).Select(t => Task.Run(async () =>
        {
            var random = new Random(seed + t);
            for (int i = 0; i < toggles / 2; i++)
            {
                Thread.SpinWait(random.Next(200));
                switch (random.Next(4))
                {
                    case 0:
                        await stream.PauseAsync();
                        break;
                    case 1:
                        _ = stream.ParkAsync();
                        break;
                    default:
                        await stream.ParkAsync();
                        break;
                }

                Thread.SpinWait(random.Next(50));
                await stream.ResumeAsync();
                if (i % 16 == 0)
                {
                    await Task.Yield();
                }
            }
        }))];
        Task joined = Task.WhenAll(togglers).ContinueWith(_ => Volatile.Write(ref stop, true), TaskScheduler.Default);
        int expected = 0;
        IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        if (!enumerates)
        {
            await rows.DisposeAsync();
        }

        while (!Volatile.Read(ref stop))
        {
            if (enumerates)
            {
                Assert.True(await rows.MoveNextAsync().AsTask().WaitAsync(TestRun.Patience), $"seed {seed}: the rows ended");
                Check(rows.Current);
                continue;
            }

            Assert.True(await stream.ReadBatchAsync().AsTask().WaitAsync(TestRun.Patience), $"seed {seed}: the rows ended");
            foreach (JsonRow row in stream.CurrentBatch)
            {
                Check(row);
            }
        }

        await joined;
        await Task.WhenAll(togglers);
        StreamStatistics statistics = stream.GetStatistics();
        output.WriteLine($"{statistics.Parks} parks, {statistics.Pauses} pauses, {expected} rows");
        Assert.Null(source.BrokenRule);
        Assert.Equal(expected, statistics.RowsDelivered);
        Assert.InRange(statistics.Parks, toggles / 50, toggles);

        void Check(JsonRow row)
        {
            Assert.True(Utf8Parser.TryParse(row.Span, out int number, out _) && number == ++expected, $"seed {seed}: row {expected} came as {row}");
        }
    }

    // Rows are taken without a lock, so what is tried here is a park in the middle of taking one: nearly all the time goes there.
    [Fact]
    public async Task Parks_InTheMiddleOfTakingRows_LoseAndDoubleNothing()
    {
        int parks = TestRun.IsFull ? 50_000 : 2_000;
        int seed = TestRun.Seed(output);
        var source = new NumberedRowSource(int.MaxValue, rowsInBatch: 20_000);
        await using JsonRowStream stream = Rows.Stream(source);
        bool stop = false;
        Task parker = Task.Run(async () =>
        {
            var random = new Random(seed);
            for (int i = 0; i < parks; i++)
            {
                await stream.ParkAsync();
                long delivered = stream.GetStatistics().RowsDelivered;
                await stream.ResumeAsync();

                // Until rows are taken again, and then for some of them.
                Assert.True(SpinWait.SpinUntil(() => stream.GetStatistics().RowsDelivered != delivered, TestRun.Patience), $"seed {seed}: no row came");
                Thread.SpinWait(random.Next(2_000));
            }
        }).ContinueWith(
            parked =>
            {
                Volatile.Write(ref stop, true);
                return parked;
            },
            TaskScheduler.Default).Unwrap();
        int expected = 0;
        await using IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator();
        while (!Volatile.Read(ref stop))
        {
            Assert.True(await rows.MoveNextAsync());
            bool isNext = Utf8Parser.TryParse(rows.Current.Span, out int number, out _) && number == ++expected;
            Assert.True(isNext, isNext ? "" : $"seed {seed}: row {expected} came as {rows.Current}, after {stream.GetStatistics().Parks} parks");
        }

        await parker;
        output.WriteLine($"{stream.GetStatistics().Parks} parks, {expected} rows");
        Assert.Null(source.BrokenRule);
    }

    [Fact]
    public async Task EveryCallAtOnce_EndsOnce_HangsNever_AndKeepsTheSourcesRules()
    {
        int rounds = TestRun.IsFull ? 20_000 : 600;
        int seed = TestRun.Seed(output);
        for (int round = 0; round < rounds; round++)
        {
            await RaceAsync(seed + round);
        }
    }

    private static async Task RaceAsync(int seed)
    {
        var random = new Random(seed);
        var source = new NumberedRowSource(random.Next(40), rowsInBatch: 3);
        int receiving = random.Next(4);
        int opening = random.Next(4);
        source.Receiving = stop => receiving == 0 ? Yield() : receiving == 1 ? Task.Delay(1, stop) : Task.CompletedTask;
        source.Opening = stop => opening == 0 ? Yield() : opening == 1 ? Task.Delay(1, stop) : Task.CompletedTask;
        JsonRowStream stream = Rows.Stream(source);
        using var cancellation = new CancellationTokenSource();
        int expected = 0;
        int[] waits = [.. Enumerable.Range(0, 6).Select(_ => random.Next(2_000))];
        bool cancels = random.Next(3) == 0;
        bool disposes = random.Next(3) == 0;
        Task reading = Task.Run(async () =>
        {
            await using IAsyncEnumerator<JsonRow> rows = stream.GetAsyncEnumerator(cancellation.Token);
            while (await rows.MoveNextAsync())
            {
                Assert.True(Utf8Parser.TryParse(rows.Current.Span, out int number, out _) && number == ++expected, $"seed {seed}: row {expected} came as {rows.Current}");
            }
        });
        Task[] others =
        [
            Act(waits[0], () => stream.ParkAsync()),
            Act(waits[1], stream.ResumeAsync),
            Act(waits[2], () => stream.PauseAsync()),
            Act(waits[3], () => stream.ParkAsync()),
            Act(waits[4], () => cancels ? cancellation.CancelAsync() : stream.ResumeAsync()),
            Act(waits[5], () => disposes ? stream.DisposeAsync().AsTask() : stream.ResumeAsync()),
        ];
        await Task.WhenAll(others).WaitAsync(TestRun.Patience);
        if (stream.State == StreamState.Paused)
        {
            await Act(0, stream.ResumeAsync);
        }

        try
        {
            await reading.WaitAsync(TestRun.Patience);
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
        {
            Assert.True(cancels || disposes, $"seed {seed}: {ended}");
        }
        catch (TimeoutException)
        {
            Assert.Fail($"seed {seed}: the reader hangs, and the stream is {stream.State}, {stream.GetStatistics()}");
        }

        Assert.Equal(expected, stream.GetStatistics().RowsDelivered);
        await stream.DisposeAsync().AsTask().WaitAsync(TestRun.Patience);
        Assert.True(source.BrokenRule is null, $"seed {seed}: {source.BrokenRule}");
        Assert.Equal(1, source.Disposals);

        static Task Act(int spins, Func<Task> act) => Task.Run(async () =>
        {
            Thread.SpinWait(spins);
            try
            {
                await act();
            }
            catch (StreamRuntimeException ended) when (ended.Kind == ErrorKind.StreamEnded)
            {
                // Somebody else was first.
            }
        });
    }

    private static async Task Yield() => await Task.Yield();
}
