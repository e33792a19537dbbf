using System.Text;
using StreamRuntime.Sources;
using StreamRuntime.Streams;
using StreamRuntime.Tests.Streams;

namespace StreamRuntime.Tests.Sources;

/// <summary>Everything runs on the thread whose allocation is counted: reads end where the test delivers, and memory needs none.</summary>
public sealed class NdjsonAllocationTests
{
    private const int Lines = 100_000;
    private const int PieceBytes = 700;
    private const long MostBytes = 16 * 1024;

    private static readonly byte[] Input =
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, Lines).Select(i => $"{{\"id\":{i},\"text\":\"some text of a row\"}}\n")));

    [Fact]
    public void ReceivesThatCompleteLater_AllocateNothingEach() => Measure(() =>
    {
        var input = new PromptedStream(Input, PieceBytes);
        Assert.Equal(Lines, Read(NdjsonRowSource.FromStream(input), input.Deliver));
        Assert.InRange(input.Reads, Input.Length / PieceBytes, int.MaxValue);
    });

    [Fact]
    public void ReceivesThatCompleteAtOnce_AllocateNothingEach() => Measure(() =>
        Assert.Equal(Lines, Read(NdjsonRowSource.FromStream(new MemoryStream(Input), maxBufferedBytes: 4096), NeverPending)));

    [Fact]
    public void Memory_AllocatesNothingForARowOrAReceive() => Measure(() => Assert.Equal(Lines, Read(NdjsonRowSource.FromMemory(Input), NeverPending)));

    private static void Measure(Action read)
    {
        // With the test runner's own context in place, the continuation of a task would go to another thread.
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            // Once for what the first call of anything allocates.
            read();
            long before = GC.GetAllocatedBytesForCurrentThread();
            read();
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static long Read(NdjsonRowSource source, Action deliver)
    {
        JsonRowStream stream = Rows.Stream(source);
        long rows = 0;
        while (Finish(stream.ReadBatchAsync(), deliver))
        {
            rows += stream.CurrentBatch.Count;
        }

        Finish(stream.DisposeAsync());
        return rows;
    }

    private static bool Finish(ValueTask<bool> read, Action deliver)
    {
        while (!read.IsCompleted)
        {
            deliver();
        }

        return read.GetAwaiter().GetResult();
    }

    private static void Finish(ValueTask disposal) => Assert.True(disposal.IsCompletedSuccessfully);

    private static void NeverPending() => Assert.Fail("A read was pending.");
}
