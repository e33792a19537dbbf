using StreamRuntime.Postgres.ParallelReads;

namespace StreamRuntime.Postgres.Tests.ParallelReads;

public sealed class PagePartitionsTests
{
    public static TheoryData<long[], int, int?> Tables => new()
    {
        { [], 2, null },
        { [0], 2, null },
        { [1], 2, null },
        { [1], 2, 10 },
        { [100_000], 2, null },
        { [100_000], 8, null },
        { [100_000], 2, 7 },
        { [5, 5, 5, 5], 2, 3 },
        { [1, 1_000_000, 0, 30], 4, null },
        { [4_000_000_000], 64, null },
        { [3, 3, 3], 2, 10_000 },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void Cut_AnyTable_RisesInsideTheTableAndIsNoFinerThanAsked(long[] pages, int backends, int? partitions)
    {
        List<long> cuts = PagePartitions.Cut(pages, backends, partitions);
        Assert.Equal(cuts.Distinct().Order(), cuts);
        Assert.All(cuts, cut => Assert.InRange(cut, 1, pages.Max() - 1));
        Assert.InRange(cuts.Count, 0, (partitions ?? 64 * backends) - 1);
    }

    [Fact]
    public void Cut_OneLargeTable_MakesTheFirstPartsLargeAndTheLastSmall()
    {
        const long Pages = 100_000;
        List<long> cuts = PagePartitions.Cut([Pages], 2, null);
        long[] sizes = [.. cuts.Append(Pages).Zip(cuts.Prepend(0), (end, start) => end - start)];
        Assert.InRange(sizes.Length, 8, 20);
        Assert.Equal(Pages / 4, sizes[0]);
        Assert.InRange(sizes[^1], 1, Pages / 32 + 1);
        Assert.Equal(sizes.OrderDescending(), sizes);
    }

    [Fact]
    public void Cut_UnevenTables_MakesPartsOfAsManyPagesOfAllTogether()
    {
        long[] pages = [10, 1000, 1000, 4000];
        List<long> cuts = PagePartitions.Cut(pages, 2, 6);
        long[] below = [.. cuts.Select(c => pages.Sum(p => Math.Min(p, c)))];
        Assert.Equal(5, cuts.Count);
        Assert.All(below.Append(pages.Sum()).Zip(below.Prepend(0), (end, start) => end - start), size => Assert.InRange(size, 995, 1010));
    }

    [Fact]
    public void Cut_NumberGiven_MakesThatMany() => Assert.Equal([1, 2, 3], PagePartitions.Cut([4], 2, 4));

    [Fact]
    public void Cut_SmallTable_IsLeftWhole() => Assert.Empty(PagePartitions.Cut([60], 4, null));
}
