using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>What does a whole pause cost, with a reader that comes to wait, is let go, and has its next row?</summary>
[Situation(Name, SpansThreads = true)]
[BenchmarkCategory(Category.RowStreams)]
public class PauseCycleBenchmarks
{
    internal const string Name = "pause with a waiting reader";

    private const int Cycles = 256;

    private readonly SemaphoreSlim[] _semaphore = [new(0)];
    private readonly JsonRowStream[] _oneByte = [JsonRowStream.Create(new EndlessRowSource(1))];
    private readonly LockedRowStream[] _lazyGate = [LockedRowStream.Create(new EndlessRowSource(1), GateCreation.Lazy)];
    private readonly LockedRowStream[] _eagerGate = [LockedRowStream.Create(new EndlessRowSource(1), GateCreation.Eager)];

    /// <summary>The waiting and waking alone.</summary>
    [Benchmark(Description = Subject.Semaphore, OperationsPerInvoke = Cycles, Baseline = true)]
    public async Task Semaphore()
    {
        SemaphoreSlim semaphore = _semaphore[0];
        for (int i = 0; i < Cycles; i++)
        {
            Task opened = semaphore.WaitAsync();
            semaphore.Release();
            await opened;
        }
    }

    [Benchmark(Description = Subject.OneByte, OperationsPerInvoke = Cycles)]
    public async Task OneByte()
    {
        JsonRowStream stream = _oneByte[0];
        for (int i = 0; i < Cycles; i++)
        {
            await stream.PauseAsync();
            ValueTask<bool> read = stream.ReadBatchAsync();
            await stream.ResumeAsync();
            await read;
        }
    }

    [Benchmark(Description = Subject.LazyGate, OperationsPerInvoke = Cycles)]
    public Task LazyGate() => PauseLockedAsync(_lazyGate[0]);

    [Benchmark(Description = Subject.EagerGate, OperationsPerInvoke = Cycles)]
    public Task EagerGate() => PauseLockedAsync(_eagerGate[0]);

    private static async Task PauseLockedAsync(LockedRowStream stream)
    {
        for (int i = 0; i < Cycles; i++)
        {
            await stream.PauseAsync();
            ValueTask<bool> read = stream.ReadBatchAsync();
            await stream.ResumeAsync();
            await read;
        }
    }
}
