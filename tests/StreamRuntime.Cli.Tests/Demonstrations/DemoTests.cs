using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Demonstrations;

public sealed class DemoTests
{
    [Fact]
    public async Task Demo_OnSampleRows_ProvesEverything()
    {
        (int code, string output, string errors) = await Streamrt.RunAsync("demo");
        Assert.Equal(0, code);
        Assert.Contains("ok      no row lost: 1,000,000 of 1,000,000 rows", output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAILED", output, StringComparison.Ordinal);
        Assert.Contains("resumed", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_Interrupted_ExitsWith130()
    {
        await using Streamrt run = Streamrt.Start("demo");
        await TestKit.Wait.UntilAsync(() => run.Errors.Contains("straight through", StringComparison.Ordinal), Streamrt.Limit, "the demo begins");
        run.Signal(UnixSignal.Interrupt);
        Assert.Equal(130, await run.WaitForExitAsync());
    }

    [Fact]
    public async Task Demo_OnPostgres_ProvesEverythingAndLeavesNothingBehind()
    {
        string temporary = TestFolder.Create("demo");
        await using Streamrt run = Streamrt.StartProgram("dotnet", [Streamrt.Program, "demo", "--postgres"], ("TMPDIR", temporary));
        string output = System.Text.Encoding.UTF8.GetString(await run.ReadToEndAsync());
        Assert.True(await run.WaitForExitAsync() == 0, run.Errors + output);
        Assert.Contains("blocked on sending (ClientWrite)", output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAILED", output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(temporary, "streamrt-demo-*"));
    }
}
