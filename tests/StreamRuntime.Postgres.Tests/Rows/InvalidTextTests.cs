using System.Text;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Rows that are not text, from a server that means no good.</summary>
public sealed class InvalidTextTests
{
    private static readonly PostgresOptions Options = new() { User = "postgres" };

    private static readonly Dictionary<string, byte[]> Invalid = new()
    {
        ["NUL"] = [.. "{\"a\":\"\0\"}"u8],
        ["NUL alone"] = [0],
        ["lone continuation"] = [(byte)'"', 0x80, (byte)'"'],
        ["lead byte before the quote"] = [(byte)'"', 0xc3, (byte)'"'],
        ["lead byte at the end"] = [(byte)'"', (byte)'"', 0xe2, 0x82],
        ["overlong line feed"] = [(byte)'"', 0xc0, 0x8a, (byte)'"'],
        ["surrogate"] = [(byte)'"', 0xed, 0xa0, 0x80, (byte)'"'],
        ["above the last code point"] = [(byte)'"', 0xf4, 0x90, 0x80, 0x80, (byte)'"'],
        ["line breaks and no text"] = [(byte)'\n', 0xff, (byte)'\r', (byte)'\n', 0xfe, (byte)'\n', (byte)'\n'],
    };

    public static TheoryData<string> Names => [.. Invalid.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task ByDefault_IsAnErrorAfterTheRowsBefore(string name)
    {
        Outcome outcome = await Outcome.ReadAsync(Server(name), Options);
        Assert.Equal(ErrorKind.InvalidRow, outcome.Kind);
        Assert.Equal(1, outcome.Rows);
        Assert.Contains("AllowInvalidText", outcome.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Allowed_PassesRaw_AndNoFormatsFramingBreaks(string name)
    {
        var raw = new JsonRowStreamOptions { AllowInvalidText = true };
        Outcome outcome = await Outcome.ReadAsync(Server(name), Options, raw);
        Assert.True(outcome.IsComplete, outcome.Error?.ToString());
        Assert.Equal((byte[])[0, 0, 0, 1, (byte)'1', 0, 0, 0, (byte)Invalid[name].Length, .. Invalid[name], 0, 0, 0, 1, (byte)'2'], outcome.Output);

        Assert.Equal(3, Count(await CopyAsync(name, raw, RowFormat.Ndjson), "\n"));
        byte[] events = await CopyAsync(name, raw, RowFormat.ServerSentEvents);
        Assert.Equal(4, Count(events, "\n\n")); // three rows, and the event that ends them
        Assert.Equal(4, Count(events, "data: "));
        Assert.Equal(0, Count(events, "\r"));
        byte[] array = await CopyAsync(name, raw, RowFormat.JsonArray);
        Assert.Equal((byte)'[', array[0]);
        Assert.Equal(2, Count(array, ",\n"));
        Assert.EndsWith("2]\n", Encoding.Latin1.GetString(array), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LineBreaksInValidJson_StayOnOneLine()
    {
        byte[] row = [.. "{\n\"a\"\r\n:\r1}"u8];
        async Task<string> FormatAsync(RowFormat format)
        {
            await using JsonRowStream stream = await Outcome.StartAsync(
                new MemoryServer(Conversation.Json(0).WithResult(Conversation.Result(BackendMessages.DataRow(row))).Parts), Options, null);
            using var output = new MemoryStream();
            await stream.CopyToAsync(output, format);
            return Encoding.UTF8.GetString(output.ToArray());
        }

        Assert.Equal("{ \"a\"  : 1}\n", await FormatAsync(RowFormat.Ndjson));
        Assert.StartsWith("data: { \"a\"  : 1}\n\n", await FormatAsync(RowFormat.ServerSentEvents), StringComparison.Ordinal);
    }

    private static MemoryServer Server(string name) => new(Conversation.Json(0).WithResult(
        Conversation.Result(BackendMessages.DataRow("1"), BackendMessages.DataRow(Invalid[name]), BackendMessages.DataRow("2"))).Parts);

    private static async Task<byte[]> CopyAsync(string name, JsonRowStreamOptions options, RowFormat format)
    {
        await using JsonRowStream stream = await Outcome.StartAsync(Server(name), Options, options);
        using var output = new MemoryStream();
        await stream.CopyToAsync(output, format);
        return output.ToArray();
    }

    private static int Count(byte[] bytes, string text) => bytes.AsSpan().Count(Encoding.Latin1.GetBytes(text));
}
