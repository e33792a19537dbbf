using System.Globalization;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>What the kernel says of a process (proc(5)).</summary>
internal static class ProcessStatus
{
    public static long ResidentBytes(int processId) => Number(processId, "VmRSS:") * 1024;

    public static int Threads(int processId) => (int)Number(processId, "Threads:");

    /// <summary>Open files and sockets.</summary>
    public static int Handles(int processId) => Directory.GetFiles($"/proc/{processId}/fd").Length;

    private static long Number(int processId, string name) => long.Parse(
        File.ReadLines($"/proc/{processId}/status").Single(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
}
