using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Tests.Protocol;

public sealed class FrontendMessagesTests
{
    private readonly ArrayBufferWriter<byte> _output = new();

    [Fact]
    public void StartupMessage_Parameters_AreNamesAndValues()
    {
        FrontendMessages.StartupMessage(_output, [new("user", "\u00e4"), new("database", "")]);
        AssertWritten("\0\0\0\u001b\0\u0003\0\0user\0\u00c3\u00a4\0database\0\0\0");
    }

    [Fact]
    public void SslRequest_IsItsCode()
    {
        FrontendMessages.SslRequest(_output);
        AssertWritten("\0\0\0\u0008\u0004\u00d2\u0016\u002f");
    }

    [Fact]
    public void CancelRequest_KeyOfFourBytes()
    {
        FrontendMessages.CancelRequest(_output, -2, [1, 2, 3, 4]);
        AssertWritten("\0\0\0\u0010\u0004\u00d2\u0016\u002e\u00ff\u00ff\u00ff\u00fe\u0001\u0002\u0003\u0004");
    }

    [Fact]
    public void CancelRequest_LongKey_CountsInTheLength()
    {
        FrontendMessages.CancelRequest(_output, 1, new byte[256]);
        Assert.Equal(268, _output.WrittenCount);
        Assert.Equal(268, BinaryPrimitives.ReadInt32BigEndian(_output.WrittenSpan));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(257)]
    public void CancelRequest_KeyOutOfRange_Throws(int bytes)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FrontendMessages.CancelRequest(_output, 1, new byte[bytes]));
        Assert.Equal(0, _output.WrittenCount);
    }

    [Fact]
    public void PasswordMessage_IsACString()
    {
        FrontendMessages.PasswordMessage(_output, "pw");
        AssertWritten("p\0\0\0\u0007pw\0");
    }

    [Fact]
    public void SaslInitialResponse_HasMechanismLengthAndBytes()
    {
        FrontendMessages.SaslInitialResponse(_output, "SCRAM-SHA-256", "n,,"u8);
        AssertWritten("p\0\0\0\u0019SCRAM-SHA-256\0\0\0\0\u0003n,,");
    }

    [Fact]
    public void SaslResponse_IsBytesOnly()
    {
        FrontendMessages.SaslResponse(_output, "c="u8);
        AssertWritten("p\0\0\0\u0006c=");
    }

    [Fact]
    public void Parse_HasNameTextAndTypes()
    {
        FrontendMessages.Parse(_output, "s", "x", [23, 0xFFFFFFFE]);
        AssertWritten("P\0\0\0\u0012s\0x\0\0\u0002\0\0\0\u0017\u00ff\u00ff\u00ff\u00fe");
    }

    [Fact]
    public void Bind_HasValuesInText()
    {
        FrontendMessages.Bind(_output, "p", "s", ["\u00e4", null, ""]);
        AssertWritten("B\0\0\0\u001cp\0s\0\0\0\0\u0003\0\0\0\u0002\u00c3\u00a4\u00ff\u00ff\u00ff\u00ff\0\0\0\0\0\0");
    }

    [Fact]
    public void Bind_NoValues_IsStillWhole()
    {
        FrontendMessages.Bind(_output, "", "", []);
        AssertWritten("B\0\0\0\u000c\0\0\0\0\0\0\0\0");
    }

    [Fact]
    public void ShortMessages_AreExact()
    {
        FrontendMessages.Describe(_output, 'S', "s");
        FrontendMessages.Execute(_output, "p", 258);
        FrontendMessages.Sync(_output);
        FrontendMessages.Flush(_output);
        FrontendMessages.Close(_output, 'P', "");
        FrontendMessages.Terminate(_output);
        AssertWritten("D\0\0\0\u0007Ss\0E\0\0\0\u000ap\0\0\0\u0001\u0002S\0\0\0\u0004H\0\0\0\u0004C\0\0\0\u0006P\0X\0\0\0\u0004");
    }

    [Fact]
    public void Bind_LargeValue_IsWrittenInSmallPiecesAndNoPairIsCut()
    {
        // An odd start puts a pair across every piece's end.
        string value = "x" + string.Concat(Enumerable.Repeat("\ud83d\ude00", 100_000));
        var output = new LargestRequest();
        FrontendMessages.Bind(output, "", "", [value]);

        byte[] expected = Encoding.UTF8.GetBytes(value);
        ReadOnlySpan<byte> written = output.Inner.WrittenSpan;
        Assert.Equal(written.Length - 1, BinaryPrimitives.ReadInt32BigEndian(written[1..]));
        Assert.Equal(expected.Length, BinaryPrimitives.ReadInt32BigEndian(written[11..]));
        Assert.True(written[15..^2].SequenceEqual(expected));
        Assert.InRange(output.Bytes, 1, 64 * 1024);
    }

    [Fact]
    public void Bind_SumOfValuesAtTheLimit_IsRefusedBeforeAByteIsWritten()
    {
        // One shared string, so the message of 1 GiB exists only as a sum.
        string?[] values = Enumerable.Repeat<string?>(new string('x', 16_380), 65_535).ToArray();
        values[^1] = new string('x', 32_751);
        AssertTooLarge(() => FrontendMessages.Bind(_output, "", "", values), 0x3FFFFFFF);
    }

    [Fact]
    public void Bind_SumOfValuesBeyond32Bits_IsRefusedBeforeAByteIsWritten()
    {
        // 65 535 values of this length wrap a 32-bit sum around to a small positive number.
        string shared = new('x', 65_536 - 3);
        long length = 4 + 2 + 6 + (65_535L * (4 + shared.Length));
        Assert.InRange((int)length, 1, 1_000_000);
        AssertTooLarge(() => FrontendMessages.Bind(_output, "", "", Enumerable.Repeat<string?>(shared, 65_535).ToArray()), length);
    }

    [Theory]
    [InlineData(0x3FFFFFFEL, false)]
    [InlineData(0x3FFFFFFFL, true)]
    [InlineData(0x40000000L, true)]
    [InlineData(0x80000000L, true)]
    [InlineData(0x1_0000_0004L, true)]
    public void CheckLength_AtTheLimit_IsRefused(long bytes, bool refused)
    {
        Exception? error = Record.Exception(() => FrontendMessages.CheckLength(bytes, "value"));
        Assert.Equal(refused, error is StreamRuntimeException { Kind: ErrorKind.MessageTooLarge });
        Assert.Equal(refused, error is not null);
    }

    [Fact]
    public void StartupMessage_LongerThanServersTake_IsRefused() =>
        AssertTooLarge(() => FrontendMessages.StartupMessage(_output, [new("a", new string('x', 10_000))]), 4 + 4 + 2 + 10_001 + 1);

    [Fact]
    public void ParameterCount_Above65535_IsRefused()
    {
        AssertConfiguration(() => FrontendMessages.Bind(_output, "", "", new string?[65_536]), "65536");
        AssertConfiguration(() => FrontendMessages.Parse(_output, "", "x", new uint[65_536]), "65536");
        FrontendMessages.Bind(_output, "", "", new string?[65_535]);
        Assert.Equal(0xFFFF, BinaryPrimitives.ReadUInt16BigEndian(_output.WrittenSpan[9..]));
    }

    [Fact]
    public void CString_WithNul_IsRefusedAndNotQuoted()
    {
        const string Text = "secret\0x";
        AssertConfiguration(() => FrontendMessages.StartupMessage(_output, [new(Text, "")]), "NUL");
        AssertConfiguration(() => FrontendMessages.StartupMessage(_output, [new("user", Text)]), "NUL");
        AssertConfiguration(() => FrontendMessages.StartupMessage(_output, [new("", "x")]), "no name");
        AssertConfiguration(() => FrontendMessages.PasswordMessage(_output, Text), "NUL");
        AssertConfiguration(() => FrontendMessages.SaslInitialResponse(_output, Text, []), "NUL");
        AssertConfiguration(() => FrontendMessages.Parse(_output, Text, "x", []), "NUL");
        AssertConfiguration(() => FrontendMessages.Parse(_output, "", Text, []), "NUL");
        AssertConfiguration(() => FrontendMessages.Bind(_output, Text, "", []), "NUL");
        AssertConfiguration(() => FrontendMessages.Bind(_output, "", Text, []), "NUL");
        AssertConfiguration(() => FrontendMessages.Describe(_output, 'S', Text), "NUL");
        AssertConfiguration(() => FrontendMessages.Execute(_output, Text, 0), "NUL");
        AssertConfiguration(() => FrontendMessages.Close(_output, 'S', Text), "NUL");
    }

    // Not an attribute's data: an attribute is stored as UTF-8 and would repair the text.
    [Fact]
    public void Text_WithFirstHalfOfAPair_IsRefusedAndNotQuoted() => AssertNoText("secret\ud83d");

    [Fact]
    public void Text_WithSecondHalfOfAPair_IsRefusedAndNotQuoted() => AssertNoText("\ude00secret");

    [Fact]
    public void Misuse_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FrontendMessages.Describe(_output, 'X', ""));
        Assert.Throws<ArgumentOutOfRangeException>(() => FrontendMessages.Execute(_output, "", -1));
        Assert.Equal(0, _output.WrittenCount);
    }

    // Each character is one byte, so that expected bytes read like the protocol's description.
    private void AssertWritten(string bytes) => Assert.Equal(Encoding.Latin1.GetBytes(bytes), _output.WrittenSpan.ToArray());

    private void AssertNoText(string text)
    {
        AssertConfiguration(() => FrontendMessages.Bind(_output, "", "", ["ok", text]), "surrogate");
        AssertConfiguration(() => FrontendMessages.Bind(_output, "", "", [new string('x', 16_383 - 6) + text + "x"]), "surrogate");
        AssertConfiguration(() => FrontendMessages.Parse(_output, "", text, []), "surrogate");
        AssertConfiguration(() => FrontendMessages.PasswordMessage(_output, text), "surrogate");
    }

    private void AssertTooLarge(Action write, long bytes)
    {
        var error = Assert.Throws<StreamRuntimeException>(write);
        Assert.Equal(ErrorKind.MessageTooLarge, error.Kind);
        Assert.Contains($" {bytes} bytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, _output.WrittenCount);
    }

    private void AssertConfiguration(Action write, string part)
    {
        var error = Assert.Throws<StreamRuntimeException>(write);
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, _output.WrittenCount);
    }

    private sealed class LargestRequest : IBufferWriter<byte>
    {
        public ArrayBufferWriter<byte> Inner { get; } = new();

        public int Bytes { get; private set; }

        public void Advance(int count) => Inner.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Bytes = Math.Max(Bytes, sizeHint);
            return Inner.GetMemory(sizeHint);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
