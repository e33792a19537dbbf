using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;
using static StreamRuntime.TestKit.Servers.BackendMessages;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>Results that break the protocol, each a different way.</summary>
[Collection(AloneCollection.Name)]
public sealed class MalformedResultTests
{
    private const int Gibibyte = 1024 * 1024 * 1024;
    private static readonly byte[] Row = DataRow("{\"i\":1}");
    private static readonly byte[] Complete = CommandComplete("SELECT 1");

    private static readonly Dictionary<string, (ErrorKind Kind, byte[] Result)> Results = new()
    {
        ["row length -1"] = (ErrorKind.Protocol, After(Row, RawWithLength('D', -1))),
        ["row length minimum"] = (ErrorKind.Protocol, After(Row, RawWithLength('D', int.MinValue))),
        ["row length 0"] = (ErrorKind.Protocol, After(Row, RawWithLength('D', 0))),
        ["row length 1"] = (ErrorKind.Protocol, After(Row, RawWithLength('D', 1))),
        ["row length 2"] = (ErrorKind.Protocol, After(Row, RawWithLength('D', 2))),
        ["row length 3"] = (ErrorKind.Protocol, After(Row, RawWithLength('D', 3))),
        ["row length 4"] = (ErrorKind.Protocol, After(Row, RawWithLength('D', 4), Complete, ReadyForQuery())),
        ["row of 65 MiB"] = (ErrorKind.RowTooLarge, After(Row, RawWithLength('D', 65 * 1024 * 1024))),
        ["row of 1 GiB"] = (ErrorKind.RowTooLarge, After(Row, RawWithLength('D', Gibibyte))),
        ["row of 2 GiB"] = (ErrorKind.RowTooLarge, After(Row, RawWithLength('D', int.MaxValue))),
        ["notice length -1"] = (ErrorKind.Protocol, After(Row, RawWithLength('N', -1))),
        ["notice of 1 GiB"] = (ErrorKind.Protocol, After(Row, RawWithLength('N', Gibibyte))),
        ["notice above 1 MiB"] = (ErrorKind.Protocol, After(Row, RawWithLength('N', 1024 * 1024 + 5))),
        ["unknown message of 2 GiB"] = (ErrorKind.Protocol, After(Row, RawWithLength('?', int.MaxValue))),
        ["field length -2"] = (ErrorKind.Protocol, After(Row, Raw('D', 0, 1, 0xff, 0xff, 0xff, 0xfe))),
        ["field length minimum"] = (ErrorKind.Protocol, After(Row, Raw('D', 0, 1, 0x80, 0, 0, 0))),
        ["null with bytes"] = (ErrorKind.Protocol, After(Row, Raw('D', 0, 1, 0xff, 0xff, 0xff, 0xff, 1))),
        ["field past the message"] = (ErrorKind.Protocol, After(Row, Raw('D', 0, 1, 0, 0, 0, 3, (byte)'{', (byte)'}'))),
        ["field of 2 GiB"] = (ErrorKind.Protocol, After(Row, Raw('D', 0, 1, 0x7f, 0xff, 0xff, 0xff, (byte)'1'))),
        ["bytes after the field"] = (ErrorKind.Protocol, After(Row, Raw('D', 0, 1, 0, 0, 0, 1, (byte)'1', (byte)'2'))),
        ["no column"] = (ErrorKind.Protocol, After(Row, Raw('D', 0, 0))),
        ["two columns"] = (ErrorKind.Protocol, After(Row, DataRow("1", "2"))),
        ["-1 columns"] = (ErrorKind.Protocol, After(Row, Raw('D', 0xff, 0xff, 0, 0, 0, 1, (byte)'1'))),
        ["row before BindComplete"] = (ErrorKind.Protocol, Row),
        ["row after CommandComplete"] = (ErrorKind.Protocol, After(Row, Complete, Row)),
        ["second BindComplete"] = (ErrorKind.Protocol, After(Row, BindComplete)),
        ["BindComplete with a body"] = (ErrorKind.Protocol, Raw('2', 0)),
        ["second RowDescription"] = (ErrorKind.Protocol, After(Row, RowDescription(("data", 114)))),
        ["second CommandComplete"] = (ErrorKind.Protocol, After(Row, Complete, Complete)),
        ["CommandComplete not terminated"] = (ErrorKind.Protocol, After(Row, Raw('C', "SELECT 1"u8))),
        ["CommandComplete with a tail"] = (ErrorKind.Protocol, After(Row, Raw('C', "SELECT 1\0x"u8))),
        ["EmptyQueryResponse after rows"] = (ErrorKind.Protocol, After(Row, EmptyQueryResponse, ReadyForQuery())),
        ["EmptyQueryResponse instead of rows"] = (ErrorKind.Protocol, After(EmptyQueryResponse, ReadyForQuery())),
        ["PortalSuspended"] = (ErrorKind.Protocol, After(Row, PortalSuspended)),
        ["ParseComplete"] = (ErrorKind.Protocol, After(Row, ParseComplete)),
        ["CloseComplete"] = (ErrorKind.Protocol, After(Row, CloseComplete)),
        ["NoData"] = (ErrorKind.Protocol, After(Row, NoData)),
        ["ParameterDescription"] = (ErrorKind.Protocol, After(Row, ParameterDescription())),
        ["AuthenticationOk"] = (ErrorKind.Protocol, After(Row, AuthenticationOk)),
        ["password asked in mid-stream"] = (ErrorKind.Protocol, After(Row, BackendMessages.Authentication(3))),
        ["BackendKeyData"] = (ErrorKind.Protocol, After(Row, BackendKeyData(1, 1, 2, 3, 4))),
        ["NegotiateProtocolVersion"] = (ErrorKind.Protocol, After(Row, NegotiateProtocolVersion(0))),
        ["CopyIn"] = (ErrorKind.Configuration, After(Row, Raw('G', 0, 0, 0))),
        ["CopyOut"] = (ErrorKind.Configuration, After(Row, Raw('H', 0, 0, 0))),
        ["CopyBoth"] = (ErrorKind.Configuration, After(Row, Raw('W', 0, 0, 0))),
        ["CopyData"] = (ErrorKind.Protocol, After(Row, Raw('d', 1))),
        ["unknown type"] = (ErrorKind.Protocol, After(Row, Raw('?', 1))),
        ["type 0"] = (ErrorKind.Protocol, After(Row, Raw('\0', 1))),
        ["type 255"] = (ErrorKind.Protocol, After(Row, Raw('\u00ff', 1))),
        ["error without fields"] = (ErrorKind.Protocol, After(Row, Raw('E'))),
        ["error without end mark"] = (ErrorKind.Protocol, After(Row, Raw('E', "SERROR\0"u8))),
        ["error with an open field"] = (ErrorKind.Protocol, After(Row, Raw('E', "SERROR"u8))),
        ["error with a tail"] = (ErrorKind.Protocol, After(Row, Raw('E', "SERROR\0\0x"u8))),
        ["notice with an open field"] = (ErrorKind.Protocol, After(Row, Raw('N', "SNOTICE"u8))),
        ["parameter not terminated"] = (ErrorKind.Protocol, After(Row, Raw('S', "a\0b"u8))),
        ["parameter with a tail"] = (ErrorKind.Protocol, After(Row, Raw('S', "a\0b\0c"u8))),
        ["notification without payload"] = (ErrorKind.Protocol, After(Row, Raw('A', [0, 0, 0, 1, (byte)'a', 0]))),
        ["another encoding"] = (ErrorKind.Protocol, After(Row, ParameterStatus("client_encoding", "LATIN1"))),
        ["ready before BindComplete"] = (ErrorKind.Protocol, ReadyForQuery()),
        ["ready among rows"] = (ErrorKind.Protocol, After(Row, ReadyForQuery())),
        ["ready with status 0"] = (ErrorKind.Protocol, After(Row, Complete, ReadyForQuery('\0'))),
        ["ready with status X"] = (ErrorKind.Protocol, After(Row, Complete, ReadyForQuery('X'))),
        ["ready with no status"] = (ErrorKind.Protocol, After(Row, Complete, Raw('Z'))),
        ["ready with two"] = (ErrorKind.Protocol, After(Row, Complete, Raw('Z', (byte)'I', (byte)'I'))),
        ["fatal error"] = (ErrorKind.Server, After(Row, ErrorResponse("57P01", "terminating", "FATAL"))),
        ["error and no ready"] = (ErrorKind.Server, After(Row, ErrorResponse("22012", "division by zero"))),
    };

    private static readonly Dictionary<string, byte[]> Descriptions = new()
    {
        ["rows at once"] = Join(ParseComplete, Row),
        ["RowDescription truncated"] = Join(ParseComplete, ParameterDescription(), Raw('T', 0, 1, (byte)'d', 0)),
        ["RowDescription with a tail"] = Join(ParseComplete, ParameterDescription(), Raw('T', [.. RowDescription(("d", 114))[5..], 0])),
        ["-1 columns"] = Join(ParseComplete, ParameterDescription(), Raw('T', 0xff, 0xff)),
        ["32767 columns in no bytes"] = Join(ParseComplete, ParameterDescription(), Raw('T', 0x7f, 0xff)),
        ["no ParseComplete"] = Join(ParameterDescription(), RowDescription(("d", 114))),
        ["no ParameterDescription"] = Join(ParseComplete, RowDescription(("d", 114))),
        ["ReadyForQuery"] = Join(ParseComplete, ReadyForQuery()),
        ["CommandComplete"] = Join(ParseComplete, Complete),
        ["authentication"] = Join(AuthenticationOk),
        ["length -1"] = RawWithLength('1', -1),
        ["length 1 GiB"] = Join(ParseComplete, RawWithLength('T', Gibibyte)),
        ["unknown"] = Raw('?'),
        ["error not terminated"] = Join(ParseComplete, Raw('E', "SERROR"u8)),
        ["a forged result behind it"] = Join(Conversation.DescribedJson, Conversation.Result(Row)),
        ["a forged BindComplete behind it"] = Join(Conversation.DescribedJson, BindComplete),
        ["binary columns"] = Join(ParseComplete, ParameterDescription(), Raw('T', [0, 1, (byte)'d', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 0xff, 0xff, 0xff, 0xff, 0, 1])),
    };

    public static TheoryData<string> ResultNames => [.. Results.Keys];

    public static TheoryData<string> DescriptionNames => [.. Descriptions.Keys];

    [Theory]
    [MemberData(nameof(ResultNames))]
    public async Task Result_Malformed_IsAnErrorAfterTheRowsBefore(string name)
    {
        (ErrorKind kind, byte[] result) = Results[name];
        Outcome outcome = await HostileServer.MeetAsync(async c =>
        {
            await HostileServer.StartQueryAsync(c);
            await c.SendAsync(result);
        });
        Assert.True(outcome.Kind == kind, $"{name}: {outcome.Error}");
        Assert.Equal(Outcome.Starts(result, BindComplete, Row) ? 1 : 0, outcome.Rows);
    }

    [Theory]
    [MemberData(nameof(DescriptionNames))]
    public async Task Description_Malformed_IsAProtocolError(string name)
    {
        Outcome outcome = await HostileServer.MeetAsync(async c =>
        {
            await c.StartUpAsync();
            await c.ExpectAsync("PDH");
            await c.SendAsync(Descriptions[name]);
        });
        Assert.True(outcome.Kind == ErrorKind.Protocol, $"{name}: {outcome.Error}");
        Assert.Equal(0, outcome.Rows);
    }

    [Fact]
    public async Task ResultSentAheadOfTheQuery_IsRefused()
    {
        Outcome outcome = await HostileServer.MeetAsync(c => c.StartUpAsync(new ScriptedStartUp
        {
            Authentication = s => s.SendAsync(Conversation.LoggedIn, Conversation.DescribedJson, Conversation.Result(Row)), Parameters = [], Secret = null, Ready = false,
        }));
        Assert.Equal(ErrorKind.Protocol, outcome.Kind);
        Assert.Equal(0, outcome.Rows);
    }

    [Fact]
    public async Task WrappedStatementOfAnotherShape_IsRefused()
    {
        foreach (byte[] shape in (byte[][])[RowDescription(("a", 114), ("b", 114)), RowDescription(("a", 25)), NoData])
        {
            Outcome outcome = await HostileServer.MeetAsync(async c =>
            {
                await c.StartUpAsync();
                await c.ExpectAsync("PDH");
                await c.SendAsync(Conversation.Described(RowDescription(("mood", 99_999))));
                await c.ExpectAsync("PDH");
                await c.SendAsync(Conversation.Described(shape));
                await c.ExpectAsync("BES");
                await c.SendAsync(Conversation.Result(DataRow("happy")));
            });
            Assert.Equal(ErrorKind.Protocol, outcome.Kind);
            Assert.Equal(0, outcome.Rows);
        }
    }

    [Theory]
    [InlineData("{\"i\":1}", "23", "x")]
    [InlineData("1", "16", "true")]
    [InlineData("1", "1184", "yesterday")]
    [InlineData("1", "1007", "{1,{2}")]
    [InlineData("1", "1007", "{1")]
    public async Task ObjectRow_ValueThatIsNotOfItsType_NeverBreaksTheObject(string first, string type, string value)
    {
        // A number that is none becomes a string, as in row_to_json; everything else is refused.
        await using ScriptedServer server = ScriptedServer.Start(c => new Conversation(
        [
            Conversation.LoggedIn,
            Conversation.Described(RowDescription(("a", 25), ("b", int.Parse(type, System.Globalization.CultureInfo.InvariantCulture)))),
            Conversation.Result(DataRow(first, value)),
        ]).PlayAsync(c));
        Outcome outcome = await Outcome.ReadAsync(Outcome.OptionsFor(server));
        if (outcome.IsComplete)
        {
            System.Text.Json.JsonDocument.Parse(outcome.Output.AsMemory(4)).Dispose();
        }
        else
        {
            Assert.Equal(ErrorKind.Protocol, outcome.Kind);
        }
    }

    private static byte[] After(params byte[][] messages) => Join([BindComplete, .. messages]);
}
