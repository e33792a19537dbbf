using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>What does a stream cost that never pauses: creating it, reading its one batch to the end, and disposing it?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.RowStreams)]
public class StreamLifeBenchmarks
{
    internal const string Name = "create, finish, dispose";

    private const int Lives = 256;

    private static readonly TenRowSource Source = new();

    /// <summary>The source alone, with what it puts its rows into.</summary>
    [Benchmark(Description = Subject.BareSource, OperationsPerInvoke = Lives, Baseline = true)]
    public long BareSource()
    {
        long bytes = 0;
        for (int i = 0; i < Lives; i++)
        {
            var rows = new RowWriter(JsonRowStreamOptions.Default);
            Completed.Now(Source.ReceiveAsync(rows, default));
            bytes += rows.RowBytes;
            rows.Release();
        }

        return bytes;
    }

    [Benchmark(Description = Subject.OneByte, OperationsPerInvoke = Lives)]
    [BenchmarkCategory(Category.Quick)]
    public long OneByte()
    {
        long bytes = 0;
        for (int i = 0; i < Lives; i++)
        {
            JsonRowStream stream = JsonRowStream.Create(Source);
            while (Completed.Now(stream.ReadBatchAsync()))
            {
                bytes += stream.CurrentBatch.Bytes;
            }

            Completed.Now(stream.DisposeAsync());
        }

        return bytes;
    }

    [Benchmark(Description = Subject.LazyGate, OperationsPerInvoke = Lives)]
    [BenchmarkCategory(Category.Quick)]
    public long LazyGate() => Live(GateCreation.Lazy);

    [Benchmark(Description = Subject.EagerGate, OperationsPerInvoke = Lives)]
    [BenchmarkCategory(Category.Quick)]
    public long EagerGate() => Live(GateCreation.Eager);

    private long Live(GateCreation creation)
    {
        long bytes = 0;
        for (int i = 0; i < Lives; i++)
        {
            var stream = LockedRowStream.Create(Source, creation);
            while (Completed.Now(stream.ReadBatchAsync()))
            {
                bytes += stream.CurrentBatch.Bytes;
            }

            Completed.Now(stream.DisposeAsync());
        }

        return bytes;
    }
}
