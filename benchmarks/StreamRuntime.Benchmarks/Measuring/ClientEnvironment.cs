using System.Diagnostics;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>The environment of a measured process: ours, without what would change the figures.</summary>
internal static class ClientEnvironment
{
    // What would change a .NET child, or lead a PostgreSQL client elsewhere. DOTNET_ROOT only says where the runtime is.
    private static readonly string[] Unwanted = ["PG", "DOTNET_", "COMPlus_"];
    private static readonly string[] Wanted = ["DOTNET_ROOT"];

    public static void Clear(ProcessStartInfo start)
    {
        foreach (string name in start.Environment.Keys.Where(IsUnwanted).ToArray())
        {
            start.Environment.Remove(name);
        }
    }

    private static bool IsUnwanted(string name) =>
        Unwanted.Any(u => name.StartsWith(u, StringComparison.Ordinal)) && !Wanted.Any(w => name.StartsWith(w, StringComparison.Ordinal));
}
