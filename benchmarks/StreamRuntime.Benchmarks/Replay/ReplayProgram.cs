using System.Globalization;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>The replay server by itself, for looking at one client with other tools.</summary>
internal static class ReplayProgram
{
    public const string Name = "replay";

    /// <summary>Serves until standard input ends.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Length > 0)
        {
            throw new RunException($"{Name} takes no arguments.", exitCode: 2);
        }

        using var server = ReplayServer.Start(await RecordingFile.LoadAsync());
        Console.WriteLine(server.ConnectionString);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{JsonTables.Query("json", 1_000_000)}"));
        await Console.In.ReadToEndAsync();
        foreach (string refusal in server.Refusals)
        {
            Console.WriteLine($"refused: {refusal}");
        }

        return 0;
    }
}
