using System.Diagnostics;
using System.Text.Json;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>Runs one process at a time and says what it cost as a whole, start-up included.</summary>
internal sealed class ProcessMeter(string measureProgram)
{
    // What would change a .NET child, or lead a PostgreSQL client elsewhere. DOTNET_ROOT only says where the runtime is.
    private static readonly string[] Unwanted = ["PG", "DOTNET_", "COMPlus_"];
    private static readonly string[] Wanted = ["DOTNET_ROOT"];

    /// <summary>Runs a client that ends with one line of JSON on standard error.</summary>
    /// <exception cref="RunException">The client failed.</exception>
    public async Task<(ProcessCost Cost, ClientReport Report)> RunAsync(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(measureProgram, [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string name in start.Environment.Keys.Where(IsUnwanted).ToArray())
        {
            start.Environment.Remove(name);
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        string said = (await errors).Trim();
        ProcessCost? cost = process.ExitCode == 0 ? JsonSerializer.Deserialize<ProcessCost>(output, JsonSerializerOptions.Web) : null;
        if (cost is not { ExitCode: 0 })
        {
            throw new RunException($"{Path.GetFileName(program)} ended with {cost?.ExitCode ?? process.ExitCode}:\n{said}");
        }

        return (cost, ParseReport(program, said[(said.LastIndexOf('\n') + 1)..]));
    }

    private static ClientReport ParseReport(string program, string line)
    {
        try
        {
            return JsonSerializer.Deserialize<ClientReport>(line, JsonSerializerOptions.Web)!;
        }
        catch (JsonException failure)
        {
            throw new RunException($"{Path.GetFileName(program)} ended without its line of figures, but with: {line}", cause: failure);
        }
    }

    private static bool IsUnwanted(string name) =>
        Unwanted.Any(u => name.StartsWith(u, StringComparison.Ordinal)) && !Wanted.Any(w => name.StartsWith(w, StringComparison.Ordinal));
}

/// <summary>What the kernel says about a process that has ended.</summary>
internal sealed record ProcessCost(int ExitCode, long WallNs, long UserUs, long SystemUs, long PeakKb, long Waits, long Preemptions);

/// <summary>What a client says about itself.</summary>
internal sealed record ClientReport(long Rows, long Bytes, long? AllocatedBytes);
