using System.Text;
using StreamRuntime.AspNetCore.Bridging;
using StreamRuntime.AspNetCore.Bridging.Backends;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.AspNetCore.Tests.Bridging.Backends;

public sealed class RowStreamBackendTests
{
    [Fact]
    public async Task Rows_OfEachBatch_AreOneMessage()
    {
        string large = $"\"{new string('x', 200_000)}\"";
        ScriptedRowSource source = new ScriptedRowSource().Delivers("1", "{\"a\":\n2}").Delivers(large).Delivers("3");
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        BridgeSession session = await sessions.StartAsync(client, Backend(source, out _));
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal($"1\n{{\"a\": 2}}\n{large}\n3\n", Encoding.UTF8.GetString(client.Taken));
        Assert.Equal((3, 3L), (client.Messages, result.Statistics.MessagesToClient));
        Assert.Equal((BridgeEnd.BackendEnded, 1000), (result.End, client.CloseCode));
        Assert.Equal((1, null), (source.Disposals, source.BrokenRule));
    }

    [Fact]
    public async Task Rows_BeforeAFailure_AreDeliveredAndTheCodeSaysThatItBroke()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        ScriptedRowSource source = new ScriptedRowSource().Delivers("1").Fails(new StreamRuntimeException(ErrorKind.ConnectionLost, "cut"), "2");
        BridgeSession session = await sessions.StartAsync(client, Backend(source, out _));
        BridgeResult result = await Sessions.EndOf(session);
        Assert.Equal("1\n2\n", Encoding.UTF8.GetString(client.Taken));
        Assert.Equal((BridgeEnd.BackendFailed, 1011), (result.End, client.CloseCode));
    }

    [Fact]
    public async Task Pause_OfTheSession_PausesTheStreamItself()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        ScriptedRowSource source = new ScriptedRowSource().Delivers("1").Blocks("2").Delivers("3");
        BridgeSession session = await sessions.StartAsync(client, Backend(source, out Func<JsonRowStream> stream));
        await source.BlockedAsync();
        await Wait.UntilAsync(() => client.Taken.Length == 2, TestRun.Patience, "the first row has come");
        Assert.True(session.Pause());
        Assert.Equal(StreamState.Paused, stream().State);
        source.Release();
        Assert.True(session.Resume());
        Assert.NotEqual(StreamState.Paused, stream().State);
        await Sessions.EndOf(session);
        Assert.Equal("1\n2\n3\n", Encoding.UTF8.GetString(client.Taken));
    }

    [Fact]
    public async Task Pause_BeforeTheStreamIsOpen_HoldsFromItsFirstRow()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        ScriptedRowSource source = new ScriptedRowSource().Delivers("1");
        BridgeSession session = sessions.Create(client, Backend(source, out Func<JsonRowStream> stream));
        Assert.True(session.Pause());
        Assert.True(await session.StartAsync());
        Assert.Equal(StreamState.Paused, stream().State);
        Assert.Equal(0, source.Receives);
        Assert.True(session.Resume());
        await Sessions.EndOf(session);
        Assert.Equal("1\n", Encoding.UTF8.GetString(client.Taken));
    }

    [Fact]
    public async Task Close_InMidResult_CancelsTheQuery()
    {
        await using var sessions = new Sessions();
        ScriptedRowSource source = new ScriptedRowSource().Blocks("1");
        BridgeSession session = await sessions.StartAsync(new MemoryClient(), Backend(source, out _));
        await source.BlockedAsync();
        await session.CloseAsync().WaitAsync(TestRun.Patience);
        Assert.Equal((1, 1, null), (source.Cancellations, source.Disposals, source.BrokenRule));
    }

    [Fact]
    public async Task Rows_ByTheHundredThousand_ArriveAsTheStreamWouldWriteThem()
    {
        await using var sessions = new Sessions();
        var client = new MemoryClient();
        BridgeSession session = await sessions.StartAsync(client, new RowStreamBackend(_ => new(JsonRowStream.Create(new SampleRowSource(100_000, 100)))));
        await Sessions.EndOf(session);
        await using JsonRowStream expected = JsonRowStream.Create(new SampleRowSource(100_000, 100));
        using var written = new MemoryStream();
        await expected.CopyToAsync(written);
        Assert.True(written.ToArray().AsSpan().SequenceEqual(client.Taken));
    }

    private static RowStreamBackend Backend(IRowSource source, out Func<JsonRowStream> stream)
    {
        JsonRowStream made = JsonRowStream.Create(source);
        stream = () => made;
        return new RowStreamBackend(_ => new(made));
    }
}
