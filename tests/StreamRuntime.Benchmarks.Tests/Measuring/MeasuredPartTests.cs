using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Tests.Measuring;

public class MeasuredPartTests
{
    [Fact]
    public void ToFigures_AreOfWhatLiesBetweenTheEvents()
    {
        var part = new MeasuredPart();
        part.CollectionBegan();
        part.Suspended(1);
        part.Begin(atMs: 2, userNs: 1000, systemNs: 500, allocatedBytes: 70);
        part.Resumed(3);
        part.CollectionBegan();
        part.Suspended(4);
        part.Resumed(4.5);
        part.Suspended(5);
        part.Resumed(5.25);
        part.End(atMs: 12, userNs: 3000, systemNs: 1500);
        part.CollectionBegan();
        part.Suspended(13);
        part.Resumed(14);
        part.EndAllocated(90);

        Dictionary<string, double> figures = part.ToFigures(rows: 10);

        Assert.Equal(1_000_000, figures[Figure.TimeNs], 3);
        Assert.Equal(300, figures[Figure.CpuNs], 3);
        Assert.Equal(200, figures[Figure.UserNs], 3);
        Assert.Equal(100, figures[Figure.SystemNs], 3);
        Assert.Equal(2, figures[Figure.AllocatedBytes], 3);
        Assert.Equal(1, figures[Figure.Collections]);
        Assert.Equal(750, figures[Figure.CollectionPauseUs], 3);
    }

    [Fact]
    public void Resumed_WithoutACollection_IsNoPause()
    {
        var part = new MeasuredPart();
        part.Begin(0, 0, 0, 0);
        part.Resumed(5);
        part.End(10, 0, 0);
        part.EndAllocated(0);

        Assert.Equal(0, part.ToFigures(1)[Figure.CollectionPauseUs]);
    }

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    public void ToFigures_WithoutAnEvent_Fails(bool begin, bool end, bool allocated)
    {
        var part = new MeasuredPart();
        if (begin)
        {
            part.Begin(0, 0, 0, 0);
        }

        if (end)
        {
            part.End(1, 0, 0);
        }

        if (allocated)
        {
            part.EndAllocated(0);
        }

        Assert.Throws<RunException>(() => part.ToFigures(1));
    }
}
