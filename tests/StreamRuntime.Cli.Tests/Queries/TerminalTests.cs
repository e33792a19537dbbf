using System.Text;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;

namespace StreamRuntime.Cli.Tests.Queries;

public sealed class TerminalTests
{
    private const string Escape = "\e";

    [Theory]
    [InlineData("", true)]
    [InlineData("1", false)]
    public async Task Progress_OnATerminal_RespectsNoColor(string noColor, bool colored)
    {
        await using Streamrt run = OnATerminal("query --source sample:rows=1000000 --output /dev/null", noColor);
        string shown = Encoding.UTF8.GetString(await run.ReadToEndAsync());
        Assert.Equal(0, await run.WaitForExitAsync());
        Assert.Contains("Complete", shown, StringComparison.Ordinal);
        Assert.Contains("1,000,000 rows", shown.Replace(Escape + "[0m", "", StringComparison.Ordinal).Replace(Escape + "[1m", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(colored, shown.Contains(Escape + "[38;5;", StringComparison.Ordinal) || shown.Contains(Escape + "[9", StringComparison.Ordinal) || shown.Contains(Escape + "[3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keys_SpacePausesAndResumesAndQCancels()
    {
        await using Streamrt run = OnATerminal("query --source sample:rows=1000000000000 --output /dev/null --stats", "1");
        var shown = new StringBuilder();
        Task reading = ReadAsync(run, shown);
        await ShowsAsync(shown, "Running", 0);
        int at = shown.Length;
        run.Input.Write(" "u8);
        await run.Input.FlushAsync();
        await ShowsAsync(shown, "Paused", at);
        at = shown.Length;
        run.Input.Write(" "u8);
        await run.Input.FlushAsync();
        await ShowsAsync(shown, "Running", at);
        run.Input.Write("q"u8);
        await run.Input.FlushAsync();
        Assert.Equal(130, await run.WaitForExitAsync());
        await reading.WaitAsync(Streamrt.Limit);
        Assert.Contains("\"pauses\":1", shown.ToString(), StringComparison.Ordinal);
    }

    // script(1) gives its command a terminal.
    private static Streamrt OnATerminal(string arguments, string noColor) => Streamrt.StartProgram(
        "script", ["-qec", $"dotnet '{Streamrt.Program}' {arguments}", "/dev/null"], ("NO_COLOR", noColor), ("TERM", "xterm-256color"));

    private static Task ShowsAsync(StringBuilder shown, string what, int from) => Wait.UntilAsync(
        () =>
        {
            lock (shown)
            {
                return shown.ToString(from, shown.Length - from).Contains(what, StringComparison.Ordinal);
            }
        },
        Streamrt.Limit,
        $"the terminal shows {what}");

    private static async Task ReadAsync(Streamrt run, StringBuilder shown)
    {
        byte[] buffer = new byte[4096];
        for (int read = await run.Output.ReadAsync(buffer); read > 0; read = await run.Output.ReadAsync(buffer))
        {
            lock (shown)
            {
                shown.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
    }
}
