using System.Buffers.Binary;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Protocol;

public sealed class BackendMessageTests
{
    private static readonly byte[] Error = BackendMessages.ErrorResponse(
        ('S', "FEHLER"), ('V', "ERROR"), ('C', "23505"), ('M', "m \u00e4"), ('D', "d"), ('H', "h"), ('P', "7"), ('p', "8"), ('q', "q"), ('W', "w"),
        ('s', "sn"), ('t', "tn"), ('c', "cn"), ('d', "dn"), ('n', "nn"), ('F', "f.c"), ('L', "99"), ('R', "r"), ('~', "a field of tomorrow"));

    private static readonly byte[] Columns = BackendMessages.RowDescription(("id", 23), ("", 114), ("n\u00e4me", 25));

    // Every parser of a whole message, with a message it accepts.
    public static TheoryData<string> Messages =>
        ["RowDescription", "ErrorResponse", "ParameterStatus", "BackendKeyData", "LongBackendKeyData", "NegotiateProtocolVersion", "ReadyForQuery"];

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(int.MinValue)]
    [InlineData(unchecked((int)0xFFFF_FFF0))]
    public void TryReadHeader_LengthBelowItself_IsAViolation(int length)
    {
        byte[] header = BackendMessages.RawWithLength('D', length);
        AssertViolation(() => BackendMessage.TryReadHeader(header, out _, out _));
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    [InlineData(int.MaxValue, int.MaxValue - 4)]
    public void TryReadHeader_Length_CountsItself(int length, int bodyLength)
    {
        Assert.True(BackendMessage.TryReadHeader(BackendMessages.RawWithLength('Z', length), out BackendMessageType type, out int read));
        Assert.Equal(BackendMessageType.ReadyForQuery, type);
        Assert.Equal(bodyLength, read);
    }

    [Fact]
    public void TryReadHeader_Truncated_IsNotThereYet()
    {
        byte[] header = BackendMessages.RawWithLength('D', -1);
        for (int length = 0; length < BackendMessage.HeaderBytes; length++)
        {
            Assert.False(BackendMessage.TryReadHeader(header.AsSpan(0, length), out _, out _));
        }
    }

    [Fact]
    public void CheckBody_OneMebibyteAndNoMore()
    {
        BackendMessage.CheckBody(BackendMessageType.ErrorResponse, 1024 * 1024);
        AssertViolation(() => BackendMessage.CheckBody(BackendMessageType.ErrorResponse, 1024 * 1024 + 1));
        AssertViolation(() => BackendMessage.CheckBody((BackendMessageType)'?', int.MaxValue));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Parse_TruncatedAtEveryByte_IsAViolation(string message)
    {
        byte[] body = Body(message);
        Parse(message, body);
        for (int length = 0; length < body.Length; length++)
        {
            if (IsWholeAt(message, length))
            {
                Parse(message, body.AsSpan(0, length));
            }
            else
            {
                byte[] cut = body[..length];
                AssertViolation(() => Parse(message, cut), $"{message} cut to {length} bytes");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Parse_TrailingByte_IsAViolation(string message)
    {
        if (message == "BackendKeyData")
        {
            // A key may have any length from 4 bytes to 256.
            Assert.Equal(5, BackendMessage.ReadBackendKeyData([.. Body(message), 0]).SecretKey.Length);
            return;
        }

        AssertViolation(() => Parse(message, [.. Body(message), 0]));
        AssertViolation(() => Parse(message, [.. Body(message), (byte)'x']));
    }

    [Fact]
    public void BackendKeyData_EveryLength_FourTo256()
    {
        for (int bytes = 0; bytes <= 300; bytes++)
        {
            byte[] key = new byte[bytes];
            Random.Shared.NextBytes(key);
            byte[] body = BackendMessages.BackendKeyData(-7, key)[5..];
            if (bytes is >= 4 and <= 256)
            {
                (int processId, byte[] read) = BackendMessage.ReadBackendKeyData(body);
                Assert.Equal(-7, processId);
                Assert.Equal(key, read);
            }
            else
            {
                AssertViolation(() => BackendMessage.ReadBackendKeyData(body), $"a key of {bytes} bytes");
            }
        }
    }

    [Fact]
    public void ReadyForQuery_EveryStatus_ThreeAreKnown()
    {
        for (int status = 0; status < 256; status++)
        {
            byte[] body = [(byte)status];
            if ("ITE".Contains((char)status, StringComparison.Ordinal))
            {
                Assert.Equal((TransactionStatus)status, BackendMessage.ReadReadyForQuery(body));
            }
            else
            {
                AssertViolation(() => BackendMessage.ReadReadyForQuery(body));
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    [InlineData((3 << 16) | 2, 2)]
    public void NegotiateProtocolVersion_OldAndNewForm_AreRead(int version, int options)
    {
        byte[] message = BackendMessages.NegotiateProtocolVersion(version, [.. Enumerable.Repeat("_pq_.x", options)]);
        BackendMessage.ReadNegotiateProtocolVersion(message.AsSpan(5));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(2 << 16, 0)]
    [InlineData(4 << 16, 0)]
    [InlineData(0, -1)]
    [InlineData(0, 1)]
    [InlineData(0, int.MaxValue)]
    public void NegotiateProtocolVersion_LyingNumbers_AreAViolation(int version, int options)
    {
        byte[] body = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(body, version);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(4), options);
        AssertViolation(() => BackendMessage.ReadNegotiateProtocolVersion(body));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(short.MaxValue)]
    [InlineData(short.MinValue)]
    public void RowDescription_LyingCount_IsAViolationWithoutAnArrayForIt(short count)
    {
        byte[] body = Columns[5..];
        BinaryPrimitives.WriteInt16BigEndian(body, count);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertViolation(() => RowDescription.Parse(body));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000, "room was made for columns that are not there");
    }

    [Fact]
    public void RowDescription_UnknownFormat_IsAViolation()
    {
        byte[] body = Columns[5..];
        body[^1] = 2;
        AssertViolation(() => RowDescription.Parse(body));
    }

    [Fact]
    public void RowDescription_Columns_AreRead() =>
        Assert.Equal(
            [new("id", 23, -1, 0), new("", 114, -1, 0), new ColumnDescription("n\u00e4me", 25, -1, 0)],
            RowDescription.Parse(Columns.AsSpan(5)));

    [Fact]
    public void ErrorResponse_EveryField_IsKept() =>
        Assert.Equal(
            new PostgresServerMessage
            {
                LocalizedSeverity = "FEHLER", Severity = "ERROR", SqlState = "23505", Message = "m \u00e4", Detail = "d", Hint = "h", Position = 7,
                InternalPosition = 8, InternalQuery = "q", Where = "w", SchemaName = "sn", TableName = "tn", ColumnName = "cn", DataTypeName = "dn",
                ConstraintName = "nn", File = "f.c", Line = 99, Routine = "r",
            },
            ServerMessageFields.Parse(Error.AsSpan(5), BackendMessageType.ErrorResponse));

    [Theory]
    [InlineData("-1")]
    [InlineData("99999999999")]
    [InlineData("x")]
    [InlineData("")]
    public void ErrorResponse_PositionThatIsNoNumber_IsNone(string position) =>
        Assert.Null(ServerMessageFields.Parse(BackendMessages.ErrorResponse(('C', "42601"), ('P', position)).AsSpan(5), BackendMessageType.ErrorResponse).Position);

    [Fact]
    public void ParameterStatus_InvalidUtf8_IsNotAnError()
    {
        ReadOnlySpan<byte> body = [(byte)'a', 0xff, 0, (byte)'b', 0];
        BackendMessage.ReadParameterStatus(body, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value);
        Assert.True(name.SequenceEqual(body[..2]));
        Assert.Equal("b"u8, value);
        Assert.Equal("a\ufffd", BackendMessage.ReadString(ref body, BackendMessageType.ParameterStatus));
    }

    [Fact]
    public void Authentication_MechanismFlood_IsAViolation()
    {
        byte[] body = BackendMessages.AuthenticationSasl([.. Enumerable.Range(0, 33).Select(i => $"M{i}")])[9..];
        AssertViolation(() => AuthenticationRequest.ReadMechanisms(body));
        Assert.Equal(32, AuthenticationRequest.ReadMechanisms(BackendMessages.AuthenticationSasl([.. Enumerable.Range(0, 32).Select(i => $"M{i}")]).AsSpan(9)).Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public void Authentication_SaltOfAnotherLength_IsAViolation(int bytes) => AssertViolation(() => AuthenticationRequest.ReadSalt(new byte[bytes]));

    private static byte[] Body(string message) => (message switch
    {
        "RowDescription" => Columns,
        "ErrorResponse" => Error,
        "ParameterStatus" => BackendMessages.ParameterStatus("name", "value"),
        "BackendKeyData" => BackendMessages.BackendKeyData(1, 1, 2, 3, 4),
        "LongBackendKeyData" => BackendMessages.BackendKeyData(1, new byte[256]),
        "NegotiateProtocolVersion" => BackendMessages.NegotiateProtocolVersion(2, "_pq_.one", "_pq_.two"),
        "ReadyForQuery" => BackendMessages.ReadyForQuery(),
        _ => throw new ArgumentOutOfRangeException(nameof(message)),
    })[5..];

    // A shorter key is a key all the same.
    private static bool IsWholeAt(string message, int length) => message == "LongBackendKeyData" && length >= 8;

    private static void Parse(string message, ReadOnlySpan<byte> body)
    {
        switch (message)
        {
            case "RowDescription":
                RowDescription.Parse(body);
                break;
            case "ErrorResponse":
                ServerMessageFields.Check(body, BackendMessageType.ErrorResponse);
                ServerMessageFields.Parse(body, BackendMessageType.ErrorResponse);
                break;
            case "ParameterStatus":
                BackendMessage.ReadParameterStatus(body, out _, out _);
                break;
            case "NegotiateProtocolVersion":
                BackendMessage.ReadNegotiateProtocolVersion(body);
                break;
            case "ReadyForQuery":
                BackendMessage.ReadReadyForQuery(body);
                break;
            default:
                BackendMessage.ReadBackendKeyData(body);
                break;
        }
    }

    private static void AssertViolation(Action parse, string what = "")
    {
        StreamRuntimeException? violation = null;
        try
        {
            parse();
        }
        catch (StreamRuntimeException e)
        {
            violation = e;
        }

        Assert.True(violation?.Kind == ErrorKind.Protocol, $"{what}: {violation?.Message ?? "accepted"}");
    }
}
