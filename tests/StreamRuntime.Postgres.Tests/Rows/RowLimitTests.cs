using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Sizes that a server states are looked at before room is made for them.</summary>
[Collection(AloneCollection.Name)]
public sealed class RowLimitTests
{
    private static readonly PostgresOptions Options = new() { User = "postgres" };

    [Theory]
    [InlineData(1000, 0)]
    [InlineData(1000, 1)]
    [InlineData(100_000, 0)]
    [InlineData(100_000, 1)]
    [InlineData(3_000_000, 0)]
    [InlineData(3_000_000, 1)]
    public async Task JsonRow_AtTheLimitPasses_AboveItFails(int limit, int above)
    {
        string row = $"\"{new string('x', limit - 2 + above)}\"";
        var conversation = Conversation.Json(0).WithResult(Conversation.Result(DataRow("1"), DataRow(row), DataRow("2")));
        Outcome outcome = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options, new JsonRowStreamOptions { MaxRowBytes = limit });
        if (above == 0)
        {
            Assert.True(outcome.IsComplete, outcome.Error?.ToString());
            Assert.Equal(3, outcome.Rows);
            return;
        }

        Assert.Equal(ErrorKind.RowTooLarge, outcome.Kind);
        Assert.Equal(1, outcome.Rows);
        Assert.Contains($"{limit + above} bytes", outcome.Error!.Message, StringComparison.Ordinal);
        Assert.Contains($"({limit} bytes)", outcome.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task ObjectRow_AtTheLimitPasses_AboveItFails(int above)
    {
        const int Limit = 100_000;
        var conversation = new Conversation(
        [
            Conversation.LoggedIn, Conversation.Described(RowDescription(("t", 25))), Conversation.Result(DataRow(new string('x', Limit - 8 + above))),
        ]);
        Outcome outcome = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options, new JsonRowStreamOptions { MaxRowBytes = Limit });
        Assert.Equal(above == 0 ? null : ErrorKind.RowTooLarge, outcome.Kind);
        Assert.Equal(1 - above, outcome.Rows);
        if (above > 0)
        {
            Assert.Contains($"({Limit} bytes)", outcome.Error!.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("json", 65 * 1024 * 1024)]
    [InlineData("json", 1024 * 1024 * 1024)]
    [InlineData("json", int.MaxValue)]
    [InlineData("objects", 65 * 1024 * 1024)]
    [InlineData("objects", int.MaxValue)]
    [InlineData("notice", 1024 * 1024 + 5)]
    [InlineData("notice", int.MaxValue)]
    [InlineData("login", int.MaxValue)]
    public async Task LyingLength_AllocatesNothing(string where, int length)
    {
        byte[] lie = RawWithLength(where is "json" or "objects" ? 'D' : 'N', length, [0, 1]);
        Conversation honest = where == "objects" ? Conversation.Objects(1) : Conversation.Json(1);
        var conversation = where == "login"
            ? new Conversation([Join(AuthenticationOk, lie)])
            : honest.WithResult(Join(honest.Parts[^1][..BindComplete.Length], lie));
        await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        Outcome outcome = await Outcome.ReadAsync(new MemoryServer(conversation.Parts), Options);

        // The whole process is counted, other tests included, so this bound is far below the lie and far above a conversation.
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 32 * 1024 * 1024);
        Assert.Equal(where is "json" or "objects" ? ErrorKind.RowTooLarge : ErrorKind.Protocol, outcome.Kind);
        Assert.Equal(0, outcome.Rows);
    }

    [Theory]
    [InlineData("json", 0)]
    [InlineData("text", 0x01)]
    [InlineData("text", 'x')]
    public async Task RowOf64Mib_TakesBoundedMemory(string type, int filler)
    {
        // The worst a server can do within the limit: a row that fills it, and one whose every byte is escaped.
        byte[] row = new byte[(64 * 1024 * 1024) - 100];
        row.AsSpan().Fill((byte)filler);
        byte[] result = Join(BindComplete, RawWithLength('D', row.Length + 10, [0, 1, (byte)(row.Length >> 24), (byte)(row.Length >> 16), (byte)(row.Length >> 8), (byte)row.Length]));
        var described = Conversation.Described(RowDescription(("t", type == "json" ? 114 : 25)));
        byte[] end = Join(CommandComplete("SELECT 1"), ReadyForQuery());
        byte[] all = Join(result, row, end);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await using JsonRowStream stream = await Outcome.StartAsync(
            new MemoryServer([Conversation.LoggedIn, described, all]), Options, new JsonRowStreamOptions { AllowInvalidText = true });
        long peak = 0;
        try
        {
            while (await stream.ReadBatchAsync())
            {
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
            }

            Assert.NotEqual(0x01, filler);
        }
        catch (StreamRuntimeException failure)
        {
            Assert.Equal(0x01, filler);
            Assert.Equal(ErrorKind.RowTooLarge, failure.Kind);
        }

        peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
        Assert.True(peak - before < 256L * 1024 * 1024, $"{(peak - before) >> 20} MiB");
        GC.KeepAlive(all);
    }

    [Fact]
    public async Task OtherMessages_OneMebibytePasses()
    {
        // The body of a notice: code, text, end of text, end of fields.
        byte[] notice = Raw('N', [(byte)'M', .. new byte[1024 * 1024 - 3].Select(_ => (byte)'x'), 0, 0]);
        int heard = 0;
        Outcome outcome = await Outcome.ReadAsync(
            new MemoryServer(Conversation.Json(0).WithResult(Conversation.Result(notice, DataRow("1"))).Parts),
            Options with { OnNotice = n => heard = n.Message.Length });
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
        Assert.Equal(1024 * 1024 - 3, heard);
    }

    [Fact]
    public async Task NullRow_IsTheJsonNull()
    {
        Outcome outcome = await Outcome.ReadAsync(
            new MemoryServer(Conversation.Json(0).WithResult(Conversation.Result(DataRow((string?)null), DataRow("1"), DataRow((string?)null))).Parts), Options);
        Assert.Equal((byte[])[0, 0, 0, 4, .. "null"u8, 0, 0, 0, 1, .. "1"u8, 0, 0, 0, 4, .. "null"u8], outcome.Output);
    }
}
