using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>The page of <c>streamrt serve</c> in a real browser.</summary>
public sealed class BuiltInPageTests
{
    private const long Rows = 3_000_000;

    [Fact]
    public async Task APersonCanRunPauseAndResume_AndEveryRowArrives()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", $"sample:rows={Rows}");
        await using Browser browser = await Browser.OpenAsync(served.Address);
        await browser.WaitAsync(async () => await browser.EvaluateAsync("document.getElementById('endpoint').value") == "rows", "The endpoint is not listed");

        await browser.ClickAsync("start");
        await browser.WaitAsync(async () => await browser.NumberAsync("rows") > 0, "No row appeared");
        await browser.ClickAsync("pause");
        await browser.WaitForTextAsync("state", "paused");

        // What the counter shows is painted ten times a second; the variable behind it is what was received.
        string paused = await browser.EvaluateAsync("rows");
        Assert.InRange(long.Parse(paused, System.Globalization.CultureInfo.InvariantCulture), 1, Rows - 1);
        long sent = await served.CountSentBytesAsync();
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal(paused, await browser.EvaluateAsync("rows"));
        Assert.InRange(sent, 1, long.MaxValue);
        Assert.InRange(await served.CountSentBytesAsync() - sent, 0, 4096);
        Assert.Contains("{", await browser.TextAsync("sample"), StringComparison.Ordinal);

        await browser.ClickAsync("resume");
        await browser.WaitForTextAsync("state", "complete");
        await browser.WaitAsync(async () => await browser.NumberAsync("rows") == Rows, "Rows are missing, or too many");
        Assert.Equal("1", await browser.TextAsync("pauses"));
    }

    [Fact]
    public async Task Cancel_EndsTheResult()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=1000000000");
        await using Browser browser = await Browser.OpenAsync(served.Address);
        await browser.WaitAsync(async () => await browser.EvaluateAsync("document.getElementById('endpoint').value") == "rows", "The endpoint is not listed");

        await browser.ClickAsync("start");
        await browser.WaitForTextAsync("state", "running");
        await browser.ClickAsync("cancel");

        await browser.WaitAsync(async () => await browser.TextAsync("state") is "error" or "complete" or "canceled", "The result never ended");
        await browser.WaitAsync(async () => await browser.EvaluateAsync("String(document.getElementById('start').disabled)") == "false", "Nothing can be run again");
    }

    [Fact]
    public async Task NoPage_LeavesItOut()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=1", "--no-page");

        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await served.Http.GetAsync(new Uri("/", UriKind.Relative))).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await served.Http.GetAsync(new Uri("/rows/rows", UriKind.Relative))).StatusCode);
    }
}
