using System.Text;
using StreamRuntime.Benchmarks.Streams;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Tests.Streams;

/// <summary>The floor is one only if it does the same work.</summary>
public sealed class BareLoopTests
{
    [Theory]
    [InlineData(RowFormat.Ndjson)]
    [InlineData(RowFormat.JsonArray)]
    [InlineData(RowFormat.ServerSentEvents)]
    public async Task Write_WritesTheBytesOfTheProduct(RowFormat format)
    {
        foreach ((int rows, int rowBytes) in new[] { (1, 64), (1000, 200), (77, 2048), (3, 15_000) })
        {
            byte[] lines = SampleRows.Make(rows, rowBytes);
            using var expected = new MemoryStream();
            await using var stream = JsonRowStream.Create(NdjsonRowSource.FromMemory(lines));
            await stream.CopyToAsync(expected, format);
            using var written = new MemoryStream();

            Assert.Equal(rows, BareLoop.Write(lines, written, format));
            Assert.Equal(Encoding.UTF8.GetString(expected.ToArray()), Encoding.UTF8.GetString(written.ToArray()));
        }
    }

    [Fact]
    public void Walk_HandsOverEveryRow()
    {
        var sink = new RowSink();

        BareLoop.Walk(SampleRows.Make(1500, 200), sink);

        Assert.Equal((1500, 1500 * 200), (sink.Rows, sink.Bytes));
    }
}
