using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Queries;

public sealed class FailureTests
{
    [Theory]
    [InlineData("--source", "query")]
    [InlineData("postgres://", "query", "--source", "nothing")]
    [InlineData("file:", "query", "--source", "file:")]
    [InlineData("sample:rows=N", "query", "--source", "sample:rowz=1")]
    [InlineData("--format", "query", "--source", "sample:rows=1", "--formt", "array")]
    [InlineData("ndjson, array or sse", "query", "--source", "sample:rows=1", "--format", "xml")]
    [InlineData("needs a value", "query", "--source", "sample:rows=1", "--limit")]
    [InlineData("whole number", "query", "--source", "sample:rows=1", "--limit", "ten")]
    [InlineData("500ms", "query", "--source", "sample:rows=1", "--pause-timeout", "2")]
    [InlineData("64k", "query", "--source", "sample:rows=1", "--max-buffer", "1")]
    [InlineData("go together", "query", "--source", "sample:rows=1", "--pause-after", "2")]
    [InlineData("twice", "query", "--source", "sample:rows=1", "--limit", "1", "--limit=2")]
    [InlineData("Only a PostgreSQL source", "query", "--source", "sample:rows=1", "select 1")]
    [InlineData("needs an SQL text", "query", "--source", "postgres://localhost/x")]
    [InlineData("--where", "query", "--source", "sample:rows=1", "--where", "id")]
    [InlineData("'query'", "qury")]
    [InlineData("usage:")]
    public async Task Program_WrongUsage_ExitsWith2AndSaysWhatIsAllowed(string expected, params string[] arguments)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(arguments);
        Assert.Equal(2, code);
        Assert.Equal("", output);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("streamrt COMMAND", "--help")]
    [InlineData("--pause-after ROWS", "query", "--help")]
    [InlineData("--postgres", "demo", "--help")]
    public async Task Program_Help_GoesToStandardOutput(string expected, params string[] arguments)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(arguments);
        Assert.Equal((0, ""), (code, errors));
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_MissingFile_ExitsWith1()
    {
        (int code, string output, string errors) = await Streamrt.RunAsync("query", "--source", "file:/nowhere/rows.ndjson");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("streamrt: ", errors, StringComparison.Ordinal);
        Assert.Contains("/nowhere/rows.ndjson", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$0 query --source sample:rows=1000 > /dev/full")]
    [InlineData("$0 query --source sample:rows=1000 --output /dev/full")]
    public async Task Query_DiskFull_ExitsWith1AndSaysSo(string command)
    {
        (int code, _, string errors) = await Streamrt.RunShellAsync(command);
        Assert.Equal(1, code);
        Assert.Contains("No space left", errors, StringComparison.Ordinal);
        Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Query_RowTooLarge_DeliversTheRowsBeforeAndExitsWith1()
    {
        await using Streamrt run = Streamrt.Start("query", "--source", "-", "--max-row", "64");
        await run.Input.WriteAsync("{\"a\":1}\n"u8.ToArray());
        await run.Input.WriteAsync(new byte[1000].Select(_ => (byte)'1').ToArray());
        run.Input.Close();
        Assert.Equal("{\"a\":1}\n"u8.ToArray(), await run.ReadToEndAsync());
        Assert.Equal(1, await run.WaitForExitAsync());
        Assert.Contains("MaxRowBytes", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_WhereOnARowThatIsNotJson_ExitsWith1WithoutShowingTheRow()
    {
        await using Streamrt run = Streamrt.Start("query", "--source", "-", "--where", "a=1");
        await run.Input.WriteAsync("secret\n"u8.ToArray());
        run.Input.Close();
        Assert.Equal(1, await run.WaitForExitAsync());
        Assert.Contains("not valid JSON", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_ClosedPipe_EndsQuietly()
    {
        (int code, string output, string errors) = await Streamrt.RunShellAsync(
            "set -o pipefail; $0 query --source sample:rows=1000000000000 | head -n 10");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal(await Samples.TextAsync(10), output);
    }

    [Theory]
    [InlineData(UnixSignal.Interrupt)]
    [InlineData(UnixSignal.Terminate)]
    public async Task Query_Interrupted_ExitsWith130AfterWholeRows(UnixSignal signal)
    {
        await using Streamrt run = Streamrt.Start("query", "--source", "sample:rows=1000000000000");
        byte[] first = await run.ReadExactlyAsync(1_000_000);
        run.Signal(signal);
        byte[] rest = await run.ReadToEndAsync();
        Assert.Equal(130, await run.WaitForExitAsync());
        Assert.Equal("", run.Errors);
        const int LineBytes = 201;
        Assert.Equal(0, (first.Length + rest.Length) % LineBytes);
        Assert.Equal((byte)'\n', rest[^1]);
    }

    [Fact]
    public async Task Query_InterruptedWhileWaitingForInput_ExitsWith130()
    {
        await using Streamrt run = Streamrt.Start("query", "--source", "-");
        await run.Input.WriteAsync("1\n"u8.ToArray());
        await run.Input.FlushAsync();
        await run.ReadExactlyAsync(2);
        run.Signal(UnixSignal.Interrupt);
        Assert.Equal(130, await run.WaitForExitAsync());
    }
}
