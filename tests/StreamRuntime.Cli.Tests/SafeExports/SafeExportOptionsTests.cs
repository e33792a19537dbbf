using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.SafeExports;

public sealed class SafeExportOptionsTests
{
    [Theory]
    [InlineData("--state s --key id", "--state needs --output")]
    [InlineData("--state s --output o", "--state needs --key")]
    [InlineData("--state s --output o --key id --format array", "--state writes ndjson")]
    [InlineData("--state s --output o --key id --limit 5", "--limit does not go with --state")]
    [InlineData("--state s --output ./s --key id", "are one file")]
    [InlineData("--checkpoint-time 1s", "which is not given")]
    [InlineData("--print-token", "Tokens need --key")]
    [InlineData("--key id --print-token", "Tokens need a key")]
    [InlineData("--key id --print-token --token-key /nowhere/key", "/nowhere/key")]
    [InlineData("--token-key k", "is for --resume and --print-token")]
    public async Task Query_OptionsThatDoNotFit_ExitWith2(string options, string message)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(["query", "--source", "postgres://nobody@127.0.0.1:1/nowhere", "select 1", .. options.Split(' ')]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_File_GoesOnWhereItWas()
    {
        string folder = TestFolder.Create("export");
        string from = Path.Combine(folder, "from.ndjson");
        string to = Path.Combine(folder, "to.ndjson");
        await File.WriteAllLinesAsync(from, Enumerable.Range(1, 100_000).Select(i => $"{{\"id\":{i}}}"));
        string[] export = ["query", "--source", $"file:{from}", "--output", to, "--state", Path.Combine(folder, "state"), "--checkpoint-size", "4k", "--checkpoint-time", "1ms"];
        for (int kills = 0; kills < 3; kills++)
        {
            await using Streamrt run = Streamrt.Start(export);
            await Task.Delay(150 * kills);
            if (!run.HasExited)
            {
                run.Signal(UnixSignal.Kill);
            }

            await run.WaitForExitAsync();
        }

        Assert.Equal(0, (await Streamrt.RunAsync(export)).ExitCode);
        Assert.Equal(await File.ReadAllBytesAsync(from), await File.ReadAllBytesAsync(to));
        Directory.Delete(folder, recursive: true);
    }
}
