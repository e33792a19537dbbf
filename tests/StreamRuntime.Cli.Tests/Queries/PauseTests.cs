using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Queries;

public sealed partial class PauseTests
{
    private const int LineBytes = 201;

    [Theory]
    [InlineData("ndjson", RowFormat.Ndjson)]
    [InlineData("array", RowFormat.JsonArray)]
    public async Task Query_PauseAfter_StopsAtExactlyThatRowAndGoesOnInTheSameDocument(string name, RowFormat format)
    {
        byte[] whole = await Samples.BytesAsync(5000, format);
        await using Streamrt run = Streamrt.Start(
            "query", "--source", "sample:rows=5000", "--format", name, "--pause-after", "1234", "--pause-for", "1h", "--progress", "always", "--stats");
        int expected = whole.AsSpan().IndexOf("{\"id\":1234,"u8) - (format == RowFormat.JsonArray ? 2 : 0);
        byte[] before = await run.ReadExactlyAsync(expected);
        Task<byte[]> rest = run.ReadToEndAsync();
        await WaitForLinesAsync(run, "Paused: 1,234 rows", 2);
        Assert.False(rest.IsCompleted);
        run.Signal(UnixSignal.User2);
        byte[] after = await rest;
        Assert.Equal(whole, before.Concat(after).ToArray());
        Assert.Equal(0, await run.WaitForExitAsync());
        JsonElement statistics = JsonDocument.Parse(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
        Assert.Equal(1, statistics.GetProperty("pauses").GetInt32());
        Assert.Equal(5000, statistics.GetProperty("rows").GetInt64());
    }

    [Fact]
    public async Task Query_PauseFor_ResumesByItself()
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(
            "query", "--source", "sample:rows=100", "--pause-after", "10", "--pause-for", "50ms", "--stats");
        Assert.Equal(0, code);
        Assert.Equal(await Samples.TextAsync(100), output);
        Assert.True(JsonDocument.Parse(errors).RootElement.GetProperty("pausedMs").GetDouble() >= 49);
    }

    [Fact]
    public async Task Query_PauseTimeout_EndsALongerPause()
    {
        (int code, string output, _) = await Streamrt.RunAsync(
            "query", "--source", "sample:rows=100", "--pause-after", "10", "--pause-for", "1h", "--pause-timeout", "50ms");
        Assert.Equal(0, code);
        Assert.Equal(await Samples.TextAsync(100), output);
    }

    [Fact]
    public async Task Query_InterruptedWhilePaused_ExitsWith130AfterWholeRows()
    {
        await using Streamrt run = Streamrt.Start("query", "--source", "sample:rows=5000", "--pause-after", "100", "--pause-for", "1h");
        byte[] before = await run.ReadExactlyAsync(100 * LineBytes);
        run.Signal(UnixSignal.Interrupt);
        Assert.Empty(await run.ReadToEndAsync());
        Assert.Equal(130, await run.WaitForExitAsync());
        Assert.Equal(await Samples.BytesAsync(100), before);
    }

    [Fact]
    public async Task Query_UserSignals_PauseWhileOutputIsBlockedAndResumeWithEveryByte()
    {
        const int Rows = 200_000;
        await using Streamrt run = Streamrt.Start("query", "--source", "sample:rows=200000", "--progress", "always");
        using var all = new MemoryStream();
        all.Write(await run.ReadExactlyAsync(1_000_000));

        // Nobody reads now, so the writer is blocked when the signal comes.
        run.Signal(UnixSignal.User1);
        await WaitForLinesAsync(run, "Paused:", 1);
        Task reading = run.Output.CopyToAsync(all);
        long rowsAtPause = 0;
        await Wait.UntilAsync(
            () =>
            {
                long[] seen = [.. PausedRows().Matches(run.Errors).Select(m => long.Parse(m.Groups[1].ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture))];
                rowsAtPause = seen.Length > 0 ? seen[^1] : 0;
                return seen.Length >= 3 && seen[^1] == seen[^2] && all.Length == rowsAtPause * LineBytes;
            },
            Streamrt.Limit,
            "the output stops where the stream was paused");
        Assert.True(rowsAtPause < Rows / 2, $"{rowsAtPause} rows came before the pause took hold");
        Assert.False(reading.IsCompleted);
        run.Signal(UnixSignal.User2);
        await reading.WaitAsync(Streamrt.Limit);
        Assert.Equal(0, await run.WaitForExitAsync());
        Assert.Equal(SHA256.HashData(await Samples.BytesAsync(Rows)), SHA256.HashData(all.ToArray()));
    }

    private static Task WaitForLinesAsync(Streamrt run, string start, int count) => Wait.UntilAsync(
        () => run.Errors.Split('\n').Count(line => line.StartsWith(start, StringComparison.Ordinal)) >= count,
        Streamrt.Limit,
        $"{count} lines of progress that start with '{start}'");

    [GeneratedRegex("^Paused: ([0-9,]+) rows", RegexOptions.Multiline)]
    private static partial Regex PausedRows();
}
