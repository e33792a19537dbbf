using System.Diagnostics;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>Keeps what somebody set for their own work out of a measured process.</summary>
internal static class ChildEnvironment
{
    // What would change a .NET child, or lead a PostgreSQL client elsewhere. DOTNET_ROOT only says where the runtime is.
    private static readonly string[] Unwanted = ["PG", "DOTNET_", "COMPlus_"];
    private static readonly string[] Wanted = ["DOTNET_ROOT"];

    public static void Clean(ProcessStartInfo start)
    {
        foreach (string name in start.Environment.Keys.Where(IsUnwanted).ToArray())
        {
            start.Environment.Remove(name);
        }
    }

    private static bool IsUnwanted(string name) =>
        Unwanted.Any(u => name.StartsWith(u, StringComparison.Ordinal)) && !Wanted.Any(w => name.StartsWith(w, StringComparison.Ordinal));
}
