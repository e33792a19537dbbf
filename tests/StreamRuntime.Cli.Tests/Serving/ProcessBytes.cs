using System.Globalization;

namespace StreamRuntime.Cli.Tests.Serving;

internal static class ProcessBytes
{
    /// <summary>How many bytes a process has written so far, sockets included (<c>wchar</c> in proc(5)).</summary>
    public static long Written(int processId) => long.Parse(
        File.ReadLines($"/proc/{processId}/io").Single(l => l.StartsWith("wchar:", StringComparison.Ordinal))["wchar:".Length..], CultureInfo.InvariantCulture);
}
