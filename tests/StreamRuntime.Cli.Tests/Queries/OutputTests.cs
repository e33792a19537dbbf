using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Queries;

public sealed class OutputTests
{
    [Theory]
    [InlineData("ndjson", RowFormat.Ndjson)]
    [InlineData("array", RowFormat.JsonArray)]
    [InlineData("sse", RowFormat.ServerSentEvents)]
    public async Task Query_Format_WritesWhatTheStreamWrites(string name, RowFormat format)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync("query", "--source", "sample:rows=1000", "--format", name);
        Assert.Equal("", errors);
        Assert.Equal(0, code);
        Assert.Equal(await Samples.TextAsync(1000, format), output);
    }

    [Fact]
    public async Task Query_FileAndOutputFile_CopiesTheRows()
    {
        string folder = TestFolder.Create("cli");
        string input = Path.Combine(folder, "a b.ndjson");
        string output = Path.Combine(folder, "out");
        await File.WriteAllBytesAsync(input, await Samples.BytesAsync(5000));
        (int code, string written, _) = await Streamrt.RunAsync("query", "--source", "file:" + input, "--output", output);
        Assert.Equal(0, code);
        Assert.Equal("", written);
        Assert.Equal(await File.ReadAllBytesAsync(input), await File.ReadAllBytesAsync(output));
    }

    [Fact]
    public async Task Query_StandardInput_DeliversARowBeforeTheInputEnds()
    {
        await using Streamrt run = Streamrt.Start("query", "--source", "-");
        await run.Input.WriteAsync("{\"a\":1}\n{\"a\":"u8.ToArray());
        await run.Input.FlushAsync();
        Assert.Equal("{\"a\":1}\n"u8.ToArray(), await run.ReadExactlyAsync(8));
        await run.Input.WriteAsync("2}"u8.ToArray());
        run.Input.Close();
        Assert.Equal("{\"a\":2}\n"u8.ToArray(), await run.ReadToEndAsync());
        Assert.Equal(0, await run.WaitForExitAsync());
    }

    [Fact]
    public async Task Query_SharedOutput_LeavesTheOthersBytesAlone()
    {
        string file = Path.Combine(TestFolder.Create("cli"), "out");
        (int code, _, string errors) = await Streamrt.RunShellAsync($"{{ echo first; $0 query --source sample:rows=2; echo last; }} > '{file}'");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal("first\n" + await Samples.TextAsync(2) + "last\n", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task Query_Where_KeepsRowsForWhichAllHold()
    {
        await using Streamrt run = Streamrt.Start("query", "--source", "-", "--where", ".user.name=anna", "--where", "tags[1]=5", "--stats");
        await run.Input.WriteAsync("""
            {"id":1,"user":{"name":"anna"},"tags":[1,5]}
            {"id":2,"user":{"name":"bert"},"tags":[1,5]}
            {"id":3,"user":{"name":"\u0061nna"},"tags":["x","5"]}
            {"id":4,"user":{"name":"anna"},"tags":[5]}
            {"id":5,"tags":[1,5]}
            {"id":6,"user":{"name":"anna"},"tags":[1,5.0]}
            """u8.ToArray());
        run.Input.Close();
        string[] rows = System.Text.Encoding.UTF8.GetString(await run.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(0, await run.WaitForExitAsync());
        Assert.Equal([1, 3, 6], rows.Select(r => JsonDocument.Parse(r).RootElement.GetProperty("id").GetInt32()));
        Assert.Equal(3, JsonDocument.Parse(run.Errors).RootElement.GetProperty("rowsFiltered").GetInt32());
    }

    [Theory]
    [InlineData("ndjson", RowFormat.Ndjson)]
    [InlineData("array", RowFormat.JsonArray)]
    [InlineData("sse", RowFormat.ServerSentEvents)]
    public async Task Query_Limit_WritesAWholeDocumentOfExactlySoManyRows(string name, RowFormat format)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(
            "query", "--source", "sample:rows=1000000000", "--limit", "777", "--format", name, "--stats");
        Assert.Equal(0, code);
        Assert.Equal(await Samples.TextAsync(777, format), output);
        JsonElement statistics = JsonDocument.Parse(errors).RootElement;
        Assert.Equal(777, statistics.GetProperty("rows").GetInt64());
        Assert.Equal("Complete", statistics.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Query_Stats_PrintsOneLineWithTheNamedFields()
    {
        (int code, _, string errors) = await Streamrt.RunAsync("query", "--source", "sample:rows=1000,size=100", "--stats");
        Assert.Equal(0, code);
        Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        JsonElement statistics = JsonDocument.Parse(errors).RootElement;
        Assert.Equal(
            [
                "state", "rows", "bytes", "rowsFiltered", "bufferedBytesPeak", "timeToFirstRowMs", "elapsedMs", "pauses", "pausedMs", "allocatedBytes", "cpuMs",
            ],
            statistics.EnumerateObject().Select(p => p.Name));
        Assert.Equal("Complete", statistics.GetProperty("state").GetString());
        Assert.Equal(1000, statistics.GetProperty("rows").GetInt64());
        Assert.Equal(100_000, statistics.GetProperty("bytes").GetInt64());
        Assert.Equal(0, statistics.GetProperty("pauses").GetInt32());
        Assert.True(statistics.GetProperty("cpuMs").GetDouble() > 0);
    }
}
