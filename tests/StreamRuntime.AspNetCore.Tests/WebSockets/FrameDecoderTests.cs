using System.Text;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.AspNetCore.WebSockets;

namespace StreamRuntime.AspNetCore.Tests.WebSockets;

public sealed class FrameDecoderTests
{
    [Fact]
    public void Read_SplitAtEveryByte_GivesTheSameMessages()
    {
        byte[] bytes =
        [
            .. RawWebSocket.Frame(0x01, "Hel"u8.ToArray()), .. RawWebSocket.Frame(0x89, 1, 2, 3), .. RawWebSocket.Frame(0x80, "lo"u8.ToArray()),
            .. RawWebSocket.Frame(0x82, [.. Enumerable.Range(0, 300).Select(i => (byte)i)]), .. RawWebSocket.Frame(0x82), .. RawWebSocket.Frame(0x8A),
            .. RawWebSocket.Frame(0x82, new byte[70_000]), .. RawWebSocket.Frame(0x88, 3, 0xE8),
        ];
        string whole = Decode(bytes, int.MaxValue);
        Assert.StartsWith("Text:Hel|Ping:010203|Text:lo!|Binary:", whole, StringComparison.Ordinal);
        Assert.EndsWith("Close:03E8|", whole, StringComparison.Ordinal);
        foreach (int piece in new[] { 1, 2, 3, 7, 13, 127, 4096 })
        {
            Assert.Equal(whole, Decode(bytes, piece));
        }

        for (int cut = 1; cut < 400; cut++)
        {
            Assert.Equal(whole, Decode(bytes, cut, onlyFirst: true));
        }
    }

    [Theory]
    [InlineData("C1 80 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("83 80 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("8B 80 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("81 00", CloseCode.ProtocolError)]
    [InlineData("80 80 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("01 80 00 00 00 00 81 80 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("09 80 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("89 FE 00 7E 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("82 FE 00 01 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("82 FF 80 00 00 00 00 00 00 00 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("82 FF 00 00 00 00 00 00 00 01 00 00 00 00", CloseCode.ProtocolError)]
    [InlineData("82 FF 7F FF FF FF FF FF FF FF 00 00 00 00", CloseCode.TooBig)]
    [InlineData("01 80 00 00 00 00 00 80 00 00 00 00 00 80 00 00 00 00 00 80 00 00 00 00", CloseCode.PolicyViolation)]
    public void Read_WhatTheProtocolForbids_IsAViolationAndACloseIsStillFound(string hex, object expected)
    {
        byte[] bytes = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        var decoder = new FrameDecoder(100_000, 100_000, maxFragments: 3);
        FrameToken token;
        Span<byte> left = bytes;
        do
        {
            token = decoder.Read(left);
            left = left[token.Consumed..];
        }
        while (token.Kind == FrameTokenKind.Data);
        Assert.Equal(FrameTokenKind.Violation, token.Kind);
        Assert.Equal((CloseCode)expected, token.Code);
    }

    private static string Decode(byte[] bytes, int piece, bool onlyFirst = false)
    {
        var decoder = new FrameDecoder(100_000, 100_000, maxFragments: 3);
        var log = new StringBuilder();
        var data = new StringBuilder();
        for (int at = 0; at < bytes.Length;)
        {
            int take = onlyFirst && at > 0 ? bytes.Length - at : Math.Min(piece, bytes.Length - at);
            Span<byte> part = bytes.AsSpan(at, take).ToArray();
            at += take;
            while (part.Length > 0)
            {
                FrameToken token = decoder.Read(part);
                Assert.NotEqual(FrameTokenKind.Violation, token.Kind);
                if (token.Kind == FrameTokenKind.Control)
                {
                    Flush();
                    log.Append(token.Opcode).Append(':').Append(Convert.ToHexString(decoder.ControlPayload.Span)).Append('|');
                }
                else if (token.Kind == FrameTokenKind.Data)
                {
                    string text = token.Opcode == Opcode.Text
                        ? Encoding.UTF8.GetString(part.Slice(token.Offset, token.Length))
                        : Convert.ToHexString(part.Slice(token.Offset, token.Length));
                    data.Append(data.Length == 0 ? token.Opcode + ":" : "").Append(text);
                    if (token.IsEnd)
                    {
                        data.Append('!');
                        Flush();
                    }
                }

                part = part[token.Consumed..];
            }
        }

        return log.ToString();

        void Flush()
        {
            if (data.Length > 0)
            {
                log.Append(data).Append('|');
                data.Clear();
            }
        }
    }
}
