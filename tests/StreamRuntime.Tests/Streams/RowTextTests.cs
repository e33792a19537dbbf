using System.Text;
using System.Text.Unicode;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Streams;

public sealed class RowTextTests
{
    [Fact]
    public void EveryLengthAndPosition_OfOneSpecialByte_IsSeen()
    {
        byte[] specials = [0x00, 0x01, 0x09, (byte)'\n', (byte)'\r', 0x1F, 0x7F, 0x80, 0xC3, 0xFF];
        for (int length = 0; length <= 200; length++)
        {
            // The row lies in the middle of other bytes, which must not count.
            byte[] bytes = new byte[length + 128];
            bytes.AsSpan(64, length).Fill((byte)'x');
            Span<byte> row = bytes.AsSpan(64, length);
            byte[] copied = new byte[length];
            Assert.True(RowText.IsPlain(row) && RowText.IsUtf8WithoutNul(row) && !RowText.HasLineBreak(row));
            for (int at = 0; at < length; at++)
            {
                foreach (byte special in specials)
                {
                    row[at] = special;
                    bool isBreak = special is (byte)'\n' or (byte)'\r';
                    RowText.CopyOnOneLine(row, copied);
                    byte expected = isBreak ? (byte)' ' : special;
                    if (RowText.IsPlain(row) != (special == 0x7F)
                        || RowText.HasLineBreak(row) != isBreak
                        || RowText.IsUtf8WithoutNul(row) != (special is > 0 and < 0x80)
                        || copied[at] != expected
                        || copied.AsSpan().ContainsAny((byte)'\n', (byte)'\r'))
                    {
                        Assert.Fail($"length {length}, position {at}, byte {special:X2}");
                    }
                }

                row[at] = (byte)'x';
            }
        }
    }

    [Fact]
    public void IsPlain_ByEveryWidth_SeesOneSpecialByteAnywhere()
    {
        byte[] bytes = new byte[64 + 300];
        for (int length = 64; length <= 200; length++)
        {
            Array.Fill(bytes, (byte)'~');
            Span<byte> row = bytes.AsSpan(64, length);
            Assert.True(RowText.IsPlainBy512(row) && RowText.IsPlainBy256(row) && RowText.IsPlainBy128(row) && RowText.IsPlainByByte(row));
            for (int at = 0; at < length; at++)
            {
                foreach (byte special in new byte[] { 0x00, 0x1F, 0x80, 0xFF })
                {
                    row[at] = special;
                    if (RowText.IsPlainBy512(row) || RowText.IsPlainBy256(row) || RowText.IsPlainBy128(row) || RowText.IsPlainByByte(row))
                    {
                        Assert.Fail($"length {length}, position {at}, byte {special:X2}");
                    }
                }

                row[at] = (byte)' ';
            }
        }
    }

    [Theory]
    [InlineData("é€😀", true)]
    [InlineData("", true)]
    public void IsUtf8_TakesWellFormedText(string text, bool expected) => Assert.Equal(expected, RowText.IsUtf8WithoutNul(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData(0xC0, 0x80)] // NUL in two bytes.
    [InlineData(0xED, 0xA0, 0x80)] // Half of a surrogate pair.
    [InlineData(0xE2, 0x82)] // Cut short.
    [InlineData(0xF4, 0x90, 0x80, 0x80)] // Past U+10FFFF.
    public void IsUtf8_RefusesMalformedText(params int[] bytes)
    {
        byte[] row = [.. bytes.Select(b => (byte)b)];
        Assert.False(RowText.IsPlain(row));
        Assert.False(RowText.IsUtf8WithoutNul(row));
        Assert.False(Utf8.IsValid(row));
    }

    [Fact]
    public void CopyOnOneLine_ReplacesEveryBreak()
    {
        byte[] copy = new byte[12];
        RowText.CopyOnOneLine("\n{\r\n\"a\":1\n}"u8, copy);
        Assert.Equal(" {  \"a\":1 }", Encoding.UTF8.GetString(copy).TrimEnd('\0'));
    }
}
