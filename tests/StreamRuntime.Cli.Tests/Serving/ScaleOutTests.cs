using System.Runtime.CompilerServices;
using System.Text;
using StreamRuntime.Cli.Tests.Processes;
using Xunit.Abstractions;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>The scale-out example as its script runs it; by default smaller, and with every kind of end: a node, and the primary.</summary>
public sealed class ScaleOutTests(ITestOutputHelper log)
{
    private static readonly bool IsFull = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1";
    private static readonly TimeSpan Patience = IsFull ? TimeSpan.FromMinutes(30) : TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Clients_WhoseServersAreKilled_EndWithExactlyTheirRows()
    {
        string script = Path.GetFullPath(Path.Combine(Folder(), "..", "..", "scale-out", "run.sh"));
        string[] size = IsFull ? ["--clients", "1000", "--rows", "5000", "--kills", "30"] : ["--clients", "9", "--rows", "6000", "--kills", "3", "--pace", "25"];
        await using Streamrt run = Streamrt.StartProgram("bash", [script, .. size], ("STREAMRT", Streamrt.Program));
        run.Input.Close();
        using var output = new MemoryStream();
        await run.Output.CopyToAsync(output).WaitAsync(Patience);
        string text = Encoding.UTF8.GetString(output.ToArray());
        log.WriteLine(text);
        Assert.True(await run.WaitForExitAsync() == 0, text + run.Errors);
        Assert.Contains("kill -9 node", text, StringComparison.Ordinal);
        Assert.Contains("the standby is promoted", text, StringComparison.Ordinal);
        Assert.Contains("clients ended with exactly rows 1 to", text, StringComparison.Ordinal);
    }

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
