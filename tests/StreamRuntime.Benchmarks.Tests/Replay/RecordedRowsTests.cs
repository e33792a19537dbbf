using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Tests.Replay;

public class RecordedRowsTests
{
    private static readonly byte[] Three = BackendMessages.Join(BackendMessages.DataRow("1"), BackendMessages.DataRow("22"), BackendMessages.DataRow(""));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    [InlineData(3_000_000_002, 3_000_000_003)]
    public void CountValueBytes_CountsRowsAgainAndAgain(long rows, long bytes) => Assert.Equal(bytes, new RecordedRows([], Three).CountValueBytes(rows));

    [Fact]
    public void Slice_GivesWholeMessages()
    {
        var rows = new RecordedRows([], Three);

        Assert.Equal(3, rows.Count);
        Assert.Equal(Three, rows.Slice(0, 3).ToArray());
        Assert.Equal(BackendMessages.DataRow("22"), rows.Slice(1, 1).ToArray());
        Assert.Empty(rows.Slice(2, 0).ToArray());
    }

    [Fact]
    public void Messages_OfAnotherKind_AreRefused()
    {
        Assert.Throws<InvalidDataException>(() => new RecordedRows([], BackendMessages.DataRow("1", "2")));
        Assert.Throws<InvalidDataException>(() => new RecordedRows([], BackendMessages.DataRow((string?)null)));
        Assert.Throws<InvalidDataException>(() => new RecordedRows([], BackendMessages.CommandComplete("SELECT 1 and more")));
        Assert.Throws<InvalidDataException>(() => new RecordedRows([], Three[..^1]));
    }
}
