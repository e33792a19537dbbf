using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Tests.Clients;

public class RowWalkerTests
{
    // The large one does not fit the walker's buffer.
    private static readonly string[] Values = ["{}", "", new string('x', 200_000), "[1, 2]"];

    private static byte[] Answer => BackendMessages.Join(
        [BackendMessages.ParseComplete, BackendMessages.BindComplete, .. Values.Select(v => BackendMessages.DataRow(v)), BackendMessages.CommandComplete("SELECT 4"), BackendMessages.ReadyForQuery()]);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(5000)]
    [InlineData(int.MaxValue)]
    public void Take_InAnyPieces_CountsTheSame(int piece)
    {
        var walker = new RowWalker();
        for (int times = 0; times < 2; times++)
        {
            walker.Begin();
            ReadOnlySpan<byte> left = Answer;
            bool ended = false;
            while (!left.IsEmpty)
            {
                Assert.False(ended);
                Span<byte> free = walker.Free.Span;
                int size = Math.Min(Math.Min(piece, free.Length), left.Length);
                left[..size].CopyTo(free);
                left = left[size..];
                ended = walker.Take(size);
            }

            Assert.True(ended);
            Assert.Equal(new RowTotals(Values.Length, Values.Sum(v => v.Length)), walker.Totals);
        }
    }

    [Fact]
    public void Take_OfAnErrorOrTheEnd_Fails()
    {
        var walker = new RowWalker();
        byte[] error = BackendMessages.ErrorResponse("XX000", "no");
        error.CopyTo(walker.Free);

        Assert.Throws<InvalidDataException>(() => walker.Take(error.Length));
        Assert.Throws<InvalidDataException>(() => new RowWalker().Take(0));
    }
}
