using System.Globalization;
using System.Runtime.InteropServices;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>Where figures were measured.</summary>
/// <param name="Cores">Processors this process may use.</param>
/// <param name="Processor">The processor's name.</param>
/// <param name="MemoryMb">The machine's memory.</param>
/// <param name="Kernel">The kernel's version, and the system it runs.</param>
/// <param name="LoadBefore">The load average of the minute before the run: above about 0.5, others were at work too.</param>
internal sealed record Machine(int Cores, string Processor, long MemoryMb, string Kernel, double LoadBefore)
{
    public static Machine Read() => new(
        Environment.ProcessorCount,
        ProcessorName(),
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024),
        $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()} ({RuntimeInformation.OSDescription})",
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));

    private static string ProcessorName() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
}
