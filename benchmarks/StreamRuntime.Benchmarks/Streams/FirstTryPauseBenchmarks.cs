using BenchmarkDotNet.Attributes;
using StreamRuntime.Benchmarks.Designs;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Streams;

/// <summary>What does the first pause of a stream cost, its gate included where there was none?</summary>
[Situation(Name)]
[BenchmarkCategory(Category.RowStreams)]
public class FirstTryPauseBenchmarks
{
    internal const string Name = "first TryPause";

    // A first pause happens once, so every iteration needs as many new streams as it takes to be long enough to measure.
    private const int Streams = 16 * 1024;

    private readonly SemaphoreSlim[] _semaphores = new SemaphoreSlim[Streams];
    private readonly JsonRowStream[] _oneByte = new JsonRowStream[Streams];
    private readonly LockedRowStream[] _locked = new LockedRowStream[Streams];

    /// <summary>The least that a reader could wait for.</summary>
    [Benchmark(Description = Subject.Semaphore, OperationsPerInvoke = Streams, Baseline = true)]
    public int Semaphore()
    {
        for (int i = 0; i < Streams; i++)
        {
            _semaphores[i] = new SemaphoreSlim(0);
        }

        return _semaphores[0].CurrentCount;
    }

    [Benchmark(Description = Subject.OneByte, OperationsPerInvoke = Streams)]
    public int OneByte()
    {
        int paused = 0;
        foreach (JsonRowStream stream in _oneByte)
        {
            paused += stream.TryPause() ? 1 : 0;
        }

        return paused;
    }

    [Benchmark(Description = Subject.LazyGate, OperationsPerInvoke = Streams)]
    public int LazyGate() => PauseLocked();

    [Benchmark(Description = Subject.EagerGate, OperationsPerInvoke = Streams)]
    public int EagerGate() => PauseLocked();

    [IterationSetup(Target = nameof(OneByte))]
    public void MakeOneByte() => Fill(_oneByte, () => JsonRowStream.Create(EmptyRowSource.Instance));

    [IterationSetup(Target = nameof(LazyGate))]
    public void MakeLazy() => Fill(_locked, () => LockedRowStream.Create(EmptyRowSource.Instance, GateCreation.Lazy));

    [IterationSetup(Target = nameof(EagerGate))]
    public void MakeEager() => Fill(_locked, () => LockedRowStream.Create(EmptyRowSource.Instance, GateCreation.Eager));

    private int PauseLocked()
    {
        int paused = 0;
        foreach (LockedRowStream stream in _locked)
        {
            paused += stream.TryPause() ? 1 : 0;
        }

        return paused;
    }

    private static void Fill<T>(T[] streams, Func<T> make)
    {
        for (int i = 0; i < streams.Length; i++)
        {
            streams[i] = make();
        }
    }
}
