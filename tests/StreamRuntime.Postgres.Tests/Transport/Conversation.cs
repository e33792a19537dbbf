using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>What a server says in one whole conversation, in the parts between which it waits for the client.</summary>
/// <param name="Parts">After the start-up, after the statement to describe (twice when it had to be wrapped), after the statement to run.</param>
internal sealed record Conversation(IReadOnlyList<byte[]> Parts)
{
    public const int JsonOid = 114;

    public static byte[] LoggedIn { get; } = BackendMessages.Join(
        BackendMessages.AuthenticationOk,
        BackendMessages.ParameterStatus("server_version", "15.0"),
        BackendMessages.ParameterStatus("client_encoding", "UTF8"),
        BackendMessages.ParameterStatus("DateStyle", "ISO, MDY"),
        BackendMessages.ParameterStatus("standard_conforming_strings", "on"),
        BackendMessages.BackendKeyData(4711, 1, 2, 3, 4),
        BackendMessages.ReadyForQuery());

    /// <summary>The body of the description that the client knows from an earlier run; null when it must ask.</summary>
    public byte[]? Known { get; init; }

    public static byte[] DescribedJson { get; } = Described(BackendMessages.RowDescription(("data", JsonOid)));

    public long Bytes => Parts.Sum(part => (long)part.Length);

    /// <summary>A result of JSON rows, with notices, parameter changes and notifications among them.</summary>
    public static Conversation Json(int rows, int rowBytes = 20) => new(
    [
        LoggedIn,
        DescribedJson,
        Result([.. Enumerable.Range(0, rows).SelectMany(i => (byte[][])
        [
            BackendMessages.DataRow(JsonText(i, rowBytes)),
            i % 7 == 3 ? BackendMessages.NoticeResponse("still here") : i % 7 == 5 ? BackendMessages.ParameterStatus("TimeZone", "UTC") : i % 7 == 6 ? BackendMessages.NotificationResponse(1, "c", "p") : [],
        ])]),
    ]);

    /// <summary>A result that becomes objects on our side, with a value of every kind of encoding.</summary>
    public static Conversation Objects(int rows) => new(
    [
        LoggedIn,
        Described(BackendMessages.RowDescription(
            ("id", 23), ("name", 25), ("at", 1184), ("day", 1082), ("flag", 16), ("list", 1007), ("words", 1009), ("doc", 3802), ("x", 701))),
        Result([.. Enumerable.Range(0, rows).Select(i => BackendMessages.DataRow(
            $"{i}", $"n\"a\\m\u00e4 {i}\n", "2024-02-29 12:34:56.789+00", "2024-02-29", i % 2 == 0 ? "t" : "f", "{1,NULL,3}", "{\"a b\",c,NULL}", $"{{\"i\": {i}}}", i % 3 == 0 ? null : "1.5e+300"))]),
    ]);

    /// <summary>A type that only the server can turn into JSON, so the statement is described a second time.</summary>
    public static Conversation Wrapped(int rows) => new(
    [
        LoggedIn,
        Described(BackendMessages.RowDescription(("mood", 99_999))),
        Described(BackendMessages.RowDescription(("row_to_json", JsonOid))),
        Result([.. Enumerable.Range(0, rows).Select(i => BackendMessages.DataRow($"{{\"mood\":\"m{i}\"}}"))]),
    ]);

    /// <summary>Rows, and then an error in place of the rest.</summary>
    public static Conversation Failing(int rows) => new(
    [
        LoggedIn,
        DescribedJson,
        BackendMessages.Join(
        [
            BackendMessages.BindComplete,
            .. Enumerable.Range(0, rows).Select(i => BackendMessages.DataRow(JsonText(i, 20))),
            BackendMessages.ErrorResponse(('S', "ERROR"), ('V', "ERROR"), ('C', "22012"), ('M', "division by zero"), ('P', "8"), ('L', "12"), ('R', "int4div")),
            BackendMessages.ReadyForQuery(),
        ]),
    ]);

    /// <summary>The same result to a client that has run the statement before: everything comes in one answer.</summary>
    public static Conversation Repeated(Conversation first, byte[] rowDescription, byte[]? known = null) => new(
    [
        LoggedIn,
        BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.BindComplete, rowDescription, first.Parts[^1][BackendMessages.BindComplete.Length..]),
    ])
    {
        Known = (known ?? rowDescription)[5..],
    };

    /// <summary>The rows' part, with the messages around them that a server sends.</summary>
    public static byte[] Result(params IReadOnlyList<byte[]> rows) => BackendMessages.Join(
    [
        BackendMessages.BindComplete, .. rows, BackendMessages.CommandComplete($"SELECT {rows.Count}"), BackendMessages.ReadyForQuery(),
    ]);

    public static byte[] Described(byte[] rowDescription) =>
        BackendMessages.Join(BackendMessages.ParseComplete, BackendMessages.ParameterDescription(), rowDescription);

    public static string JsonText(int index, int bytes) => $"{{\"i\":{index},\"p\":\"{new string((char)('a' + (index % 26)), Math.Max(0, bytes - 15))}\"}}";

    /// <summary>The same with another result.</summary>
    public Conversation WithResult(byte[] result) => new([.. Parts.SkipLast(1), result]);

    /// <summary>Says it on a socket, to a client that keeps to its turns.</summary>
    public async Task PlayAsync(ScriptedConnection connection, ScriptedStartUp? startUp = null)
    {
        await connection.StartUpAsync((startUp ?? new ScriptedStartUp()) with
        {
            Authentication = c => c.SendAsync(Parts[0]), Parameters = [], Secret = null, Ready = false,
        });
        await PlayResultAsync(connection);
    }

    /// <summary>Says what follows the login.</summary>
    public async Task PlayResultAsync(ScriptedConnection connection)
    {
        foreach (byte[] part in Parts.Skip(1).SkipLast(1))
        {
            await connection.ExpectAsync("PDH");
            await connection.SendAsync(part);
        }

        await connection.ExpectAsync(Known is null ? "BES" : "PBDES");
        await connection.SendAsync(Parts[^1]);
    }
}
