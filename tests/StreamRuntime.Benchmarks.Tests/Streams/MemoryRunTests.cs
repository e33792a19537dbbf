using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Streams;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Tests.Streams;

public sealed class MemoryRunTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Subjects_OfEverySizeAndFormat_PassAllRowsOn(bool isQuick)
    {
        foreach (MemoryRun run in MemoryRun.All.Where(r => r.Rows == 1000))
        {
            byte[] lines = SampleRows.Make(run.Rows + 1, run.RowBytes);

            // A run throws when rows or bytes are not what they must be.
            Assert.All(run.Subjects(lines, isQuick), r => r.Run());
        }
    }

    [Fact]
    public void Subjects_OfOtherRows_Fail()
    {
        byte[] lines = SampleRows.Make(1000, 200);
        lines.AsSpan().Replace((byte)'}', (byte)'x');

        IEnumerable<TimedRun> runs = new MemoryRun(1000, 200, Format: null).Subjects(lines, isQuick: false);

        Assert.All(runs, r => Assert.Throws<RunException>(r.Run));
    }

    [Fact]
    public void All_CompareTheDesignsUpToAHundredThousandRows()
    {
        byte[] lines = SampleRows.Make(100_000, 200);
        string[] situations =
        [
            .. from run in MemoryRun.All
               where run.RowBytes == 200 && run.Rows <= 100_000
               let subjects = run.Subjects(lines, isQuick: false).Select(s => s.Subject).ToArray()
               where new[] { Subject.BareLoop, Subject.OneByte, Subject.LazyGate, Subject.EagerGate }.All(subjects.Contains)
               select run.Name,
        ];

        Assert.Equal(["1,000 rows of 200 B, batches", "10,000 rows of 200 B, batches", "50,000 rows of 200 B, batches", "100,000 rows of 200 B, batches"], situations);
    }
}
