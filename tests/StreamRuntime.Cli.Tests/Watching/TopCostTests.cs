using System.Globalization;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.Cli.Tests.Serving;
using StreamRuntime.TestKit;
using Xunit.Abstractions;

namespace StreamRuntime.Cli.Tests.Watching;

/// <summary>What being watched costs a gateway.</summary>
/// <remarks>
/// A busy gateway takes all the processor time there is, watched or not, so the cost is measured while every stream is paused, where nothing else costs anything, and
/// compared with what the same gateway takes when it is busy. Both are of the same machine and minute: the ratio is what counts.
/// </remarks>
public sealed class TopCostTests(ITestOutputHelper output)
{
    private const double MostShare = 0.02;

    [Fact]
    public async Task Watching_TakesLessThanTwoPercent_OfWhatABusyGatewayTakes()
    {
        int paused = ServeRun.IsFull ? 500 : 50;
        TimeSpan length = TimeSpan.FromSeconds(ServeRun.IsFull ? 20 : 3);
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(
            ["--source", "sample:rows=1000000000000", "--max-connections-per-address", "2000", "--max-streams", "2000", "--max-paused", "2000", .. administrator.Arguments]);
        List<RowsSocket> sockets = [];
        List<Task> readings = [];
        for (int i = 1; i <= paused; i++)
        {
            var socket = new RowsSocket(served.Address, "rows/rows");
            sockets.Add(socket);
            await socket.ConnectAsync();
            readings.Add(socket.ReadToEndAsync());
            await socket.FirstRow.Task.WaitAsync(Streamrt.Limit);
            await administrator.DoAsync(served, i, "pause");
        }

        await Wait.UntilAsync(async () => await CpuOfAsync(served, TimeSpan.FromMilliseconds(200)) < TimeSpan.FromMilliseconds(20), Streamrt.Limit, "it is quiet");
        TimeSpan quiet = await CpuOfAsync(served, length);
        TimeSpan watched;
        await using (Top top = Top.Start(served.Id, "--interval", "1s"))
        {
            JsonElement shown = (await top.ReadAsync())!.Value;
            Assert.Equal(paused, shown.GetProperty("streams").GetArrayLength());
            Task<JsonElement> watching = top.UntilAsync(_ => false, "the measurement is over");
            watched = await CpuOfAsync(served, length);
            Assert.False(watching.IsCompleted);
            top.Signal(TestKit.Processes.UnixSignal.Interrupt);
            await Assert.ThrowsAsync<InvalidOperationException>(() => watching);
        }

        await administrator.DoAsync(served, 1, "resume");
        await administrator.DoAsync(served, 2, "resume");
        TimeSpan busy = await CpuOfAsync(served, length);
        double share = (watched - quiet) / busy;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{paused} streams, processor time in {length.TotalSeconds} s: quiet {quiet.TotalMilliseconds:0.0} ms, watched {watched.TotalMilliseconds:0.0} ms, busy {busy.TotalMilliseconds:0.0} ms: watching takes {share:P2}"));
        Assert.InRange(share, double.NegativeInfinity, ServeRun.IsFull ? MostShare : MostShare * 5);
        sockets.ForEach(s => s.Abort());
        await Task.WhenAll(readings).ContinueWith(_ => { }, TaskScheduler.Default);
        sockets.ForEach(s => s.Dispose());
    }

    private static async Task<TimeSpan> CpuOfAsync(ServedProgram served, TimeSpan length)
    {
        TimeSpan before = Now();
        await Task.Delay(length);
        return Now() - before;

        TimeSpan Now()
        {
            // In nanoseconds, where the time of the whole process is rounded to hundredths of a second.
            long nanoseconds = Directory.GetDirectories($"/proc/{served.Id}/task").Sum(task => long.Parse(File.ReadAllText(task + "/schedstat").Split(' ')[0], CultureInfo.InvariantCulture));
            return TimeSpan.FromMicroseconds(nanoseconds / 1000);
        }
    }
}
