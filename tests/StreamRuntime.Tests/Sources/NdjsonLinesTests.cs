using System.Text;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Tests.Sources;

public sealed class NdjsonLinesTests
{
    private static readonly string[] Pieces = ["x", "yy", " ", "é", "\t", "\r", "\n", "\n", "\r\n", "0123456789abcdefghijklmnopqrstuvwxyz", "\u007F"];

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    [InlineData(64)]
    public void AddEnded_OfRandomText_AreThoseOfAPlainSplit(int vectorBytes)
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => Pieces[random.Next(Pieces.Length)])));
            int ended = text.AsSpan().LastIndexOf((byte)'\n') + 1;
            int known = random.Next(text.AsSpan().IndexOf((byte)'\n') is var first && first >= 0 ? first + 1 : 1);
            var rows = new RowWriter(JsonRowStreamOptions.Default);
            rows.Attach(text);

            int taken = NdjsonLines.AddEnded(text, rows, known, vectorBytes);

            string[] expected = [.. Encoding.UTF8.GetString(text, 0, ended).Split('\n')[..^1].Select(TrimOne).Where(l => l.Length > 0)];
            string[] found = Texts(new RowBatch(rows));
            Assert.True(taken == ended && expected.SequenceEqual(found), $"seed {seed}, case {i}: {Encoding.UTF8.GetString(text)}");
            Assert.True(rows.HasLineBreaks == expected.Any(l => l.Contains('\r', StringComparison.Ordinal)), $"seed {seed}, case {i}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    [InlineData(64)]
    public void AddEnded_OneByteThatIsNoText_IsFoundAnywhere(int vectorBytes)
    {
        for (int length = 1; length < 150; length++)
        {
            for (int at = 0; at < length; at++)
            {
                byte[] lines = new byte[2 * (length + 1)];
                Array.Fill(lines, (byte)'x');
                lines[length] = (byte)'\n';
                lines[^1] = (byte)'\n';
                lines[length + 1 + at] = (byte)(at % 2 == 0 ? 0x00 : 0xFF);
                var rows = new RowWriter(JsonRowStreamOptions.Default);
                rows.Attach(lines);

                var refused = Assert.Throws<StreamRuntimeException>(() => NdjsonLines.AddEnded(lines, rows, 0, vectorBytes));

                Assert.Equal(ErrorKind.InvalidRow, refused.Kind);
                Assert.Equal(1, rows.Count);
            }
        }
    }

    private static string[] Texts(RowBatch batch)
    {
        var texts = new string[batch.Count];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = Encoding.UTF8.GetString(batch[i].Span);
        }

        return texts;
    }

    private static string TrimOne(string line) => line.EndsWith('\r') ? line[..^1] : line;
}
