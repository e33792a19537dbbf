using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.TestKit.Tests.Streams;

public sealed class DribbleStreamTests
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 10).Select(i => (byte)i)];

    public static TheoryData<Segmentation, int[]> Cuts => new()
    {
        { Segmentation.Whole, [10] },
        { Segmentation.SplitAt(0), [10] },
        { Segmentation.SplitAt(3), [3, 7] },
        { Segmentation.SplitAt(10), [10] },
        { Segmentation.Fragments(4), [4, 4, 2] },
        { Segmentation.Sizes(1, 3), [1, 3, 1, 3, 1, 1] },
    };

    [Theory]
    [MemberData(nameof(Cuts), DisableDiscoveryEnumeration = true)]
    public async Task Read_AnySegmentation_GivesThosePieces(Segmentation segmentation, int[] pieces)
    {
        foreach (bool later in new[] { false, true })
        {
            await using var stream = new DribbleStream(new MemoryStream(Bytes), segmentation, later);
            var sizes = new List<int>();
            var all = new List<byte>();
            byte[] buffer = new byte[64];
            for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
            {
                sizes.Add(read);
                all.AddRange(buffer[..read]);
            }

            Assert.Equal(pieces, sizes);
            Assert.Equal(Bytes, all);
            Assert.Equal(pieces.Length, stream.Pieces);
        }
    }

    [Fact]
    public void Read_SmallBuffer_StaysWithinThePiece()
    {
        using var stream = new DribbleStream(new MemoryStream(Bytes), Segmentation.Fragments(4));
        byte[] buffer = new byte[3];
        Assert.Equal(3, stream.Read(buffer));
        Assert.Equal(1, stream.Read(buffer));
        Assert.Equal(3, stream.Read(buffer));
    }
}
