using Perfolizer.Horology;
using StreamRuntime.Benchmarks.Measuring;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Lets BenchmarkDotNet measure the processor time of the thread that runs the benchmarks, which a busy machine disturbs less than the wall clock.</summary>
internal sealed class ThreadCpuClock : IClock
{
    public string Title => "CPU time of the thread";

    public bool IsAvailable => true;

    public Frequency Frequency => Frequency.GHz;

    public long GetTimestamp() => ThreadCpuTime.Nanoseconds;
}

/// <summary>The same for work that is handed from thread to thread: the processor time of the process.</summary>
internal sealed class ProcessCpuClock : IClock
{
    public string Title => "CPU time of the process";

    public bool IsAvailable => true;

    public Frequency Frequency => new(TimeSpan.TicksPerSecond);

    public long GetTimestamp() => Environment.CpuUsage.TotalTime.Ticks;
}
