using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;

namespace StreamRuntime.Cli.Watching;

/// <summary>The processes of this machine that can be watched.</summary>
internal static class RuntimeProcesses
{
    private const string Runtime = "StreamRuntime.dll";

    public static bool Exists(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
        catch (Win32Exception)
        {
            // There is one, and it is somebody else's.
            return true;
        }
    }

    /// <summary>Those that publish a diagnostics port to us and have the runtime loaded, with how they were started.</summary>
    public static IReadOnlyList<(int Id, string Command)> Find() =>
    [
        .. from id in Published().Distinct().Order()
           where id != Environment.ProcessId && HasRuntime(id)
           let command = CommandOf(id)
           where !IsTop(command)
           select (id, command),
    ];

    // The client's own list fails on Linux where it meets a process of the kernel, so the ports are looked for by the name that the runtime gives them.
    private static IEnumerable<int> Published() => OperatingSystem.IsWindows()
        ? DiagnosticsClient.GetPublishedProcesses()
        : from path in Directory.EnumerateFiles(Path.GetTempPath(), "dotnet-diagnostic-*-socket")
          let id = int.TryParse(Path.GetFileName(path).Split('-')[2], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0
          where id > 0
          select id;

    private static bool HasRuntime(int id)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // An assembly that is not compiled ahead is mapped as data, which is no module to .NET.
                return File.ReadLines($"/proc/{id}/maps").Any(line => line.EndsWith("/" + Runtime, StringComparison.Ordinal));
            }

            using var process = Process.GetProcessById(id);
            return process.Modules.Cast<ProcessModule>().Any(m => Runtime.Equals(m.ModuleName, StringComparison.OrdinalIgnoreCase));
        }
        catch (Exception gone) when (gone is ArgumentException or Win32Exception or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            // It has ended since, or does not show itself to us.
            return false;
        }
    }

    private static string CommandOf(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return OperatingSystem.IsLinux() ? File.ReadAllText($"/proc/{id}/cmdline").Replace('\0', ' ').Trim() : process.ProcessName;
        }
        catch (Exception gone) when (gone is ArgumentException or Win32Exception or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    // Others that watch have the runtime's names loaded as well, and no streams.
    private static bool IsTop(string command) => command.Contains("streamrt", StringComparison.Ordinal) && command.Split(' ').Contains("top");
}
