using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using Xunit.Abstractions;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>Many idle WebSockets beside streams that come and go, within little memory, for as long as one likes.</summary>
public sealed class ServeSoakTests(ITestOutputHelper output)
{
    private const int RowsOfEach = 2000;

    private static readonly int s_idle = ServeRun.IsFull ? 1000 : 300;
    private static readonly int s_streams = ServeRun.IsFull ? 200 : 60;
    private static readonly TimeSpan s_time = ServeRun.IsFull ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(12);

    [Fact]
    public async Task Streams_BesideIdleWebSockets_StayWithinTheirBounds()
    {
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(
            [("DOTNET_GCHeapHardLimit", "0x10000000")],
            [
                "--source", "sample:rows=1000000000", "--max-connections-per-address", "5000", "--max-streams", "5000", "--idle-timeout", "1h", "--ping-interval", "1s", "--log-level", "error",
                .. administrator.Arguments,
            ]);
        RowsSocket[] idle = [.. Enumerable.Range(0, s_idle).Select(_ => new RowsSocket(served.Address, "rows/rows"))];
        await Parallel.ForEachAsync(idle, new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (socket, _) => await socket.ConnectAsync());
        Task[] held = [.. idle.Select(HoldAsync)];
        await Wait.UntilAsync(
            async () => (await administrator.ListAsync(served)).GetProperty("pausedStreams").GetInt32() == s_idle, Streamrt.Limit, "they are idle");

        var firstRows = new ConcurrentBag<double>();
        var samples = new List<(long Memory, int Threads, int Handles)>();
        var clock = Stopwatch.StartNew();
        long results = 0;
        while (clock.Elapsed < s_time || samples.Count < 9)
        {
            await Task.WhenAll(Enumerable.Range(0, s_streams).Select(StreamAsync));
            await Wait.UntilAsync(async () => (await administrator.ListAsync(served)).GetProperty("runningStreams").GetInt32() == 0, Streamrt.Limit, "no stream is left");
            samples.Add((ProcessStatus.ResidentBytes(served.Id), ProcessStatus.Threads(served.Id), ProcessStatus.Handles(served.Id)));
        }

        // The second third is after the warm-up; the last must not be above it by more than what comes and goes.
        int third = samples.Count / 3;
        var middle = samples.GetRange(third, third);
        var last = samples.GetRange(samples.Count - third, third);
        double[] sorted = [.. firstRows.Order()];
        double p99 = sorted[(int)(sorted.Length * 0.99)];
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{s_idle} idle WebSockets, {s_streams} streams at once, {results} results in {clock.Elapsed.TotalSeconds:0} s: first row p50 {sorted[sorted.Length / 2]:0} ms, p99 {p99:0} ms; "
            + $"resident {middle.Average(s => s.Memory) / 1048576:0.0} -> {last.Average(s => s.Memory) / 1048576:0.0} MiB, threads {middle.Average(s => s.Threads):0.0} -> {last.Average(s => s.Threads):0.0}, "
            + $"handles {middle.Average(s => s.Handles):0.0} -> {last.Average(s => s.Handles):0.0}"));
        Assert.Equal(s_idle, (await administrator.ListAsync(served)).GetProperty("pausedStreams").GetInt32());
        Assert.InRange(p99, 0, 5000);
        Assert.InRange(last.Average(s => s.Memory) - middle.Average(s => s.Memory), double.MinValue, 24 * 1024 * 1024);
        Assert.InRange(last.Average(s => s.Threads) - middle.Average(s => s.Threads), double.MinValue, 8);
        Assert.InRange(last.Average(s => s.Handles) - middle.Average(s => s.Handles), double.MinValue, 20);

        foreach (RowsSocket socket in idle)
        {
            socket.Abort();
        }

        await administrator.QuietAsync(served);
        Assert.Equal(0, await served.StopAsync());
        foreach (Task end in held)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => end);
        }

        async Task StreamAsync(int client)
        {
            long asked = Stopwatch.GetTimestamp();
            if (client % 2 == 0)
            {
                using HttpResponseMessage response = await served.Http.GetAsync(new Uri("rows/rows", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
                firstRows.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                await using Stream body = await response.Content.ReadAsStreamAsync();
                byte[] buffer = new byte[16 * 1024];
                for (int rows = 0; rows < RowsOfEach;)
                {
                    int count = await body.ReadAsync(buffer);
                    Assert.InRange(count, 1, buffer.Length);
                    rows += buffer.AsSpan(0, count).Count((byte)'\n');
                }
            }
            else
            {
                using var socket = new RowsSocket(served.Address, "rows/rows");
                await socket.ConnectAsync();
                Task reading = socket.ReadToEndAsync();
                await socket.FirstRow.Task;
                firstRows.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
                await Wait.UntilAsync(() => socket.Rows >= RowsOfEach || reading.IsCompleted, Streamrt.Limit, "its rows have come");
                await socket.TellAsync("cancel");
                await reading;
                Assert.Equal(1000, socket.CloseCode);
                Assert.InRange(socket.Rows, RowsOfEach, int.MaxValue);
            }

            Interlocked.Increment(ref results);
        }

        static async Task HoldAsync(RowsSocket socket)
        {
            await socket.TellAsync("pause");
            await socket.ReadToEndAsync();
        }
    }
}
