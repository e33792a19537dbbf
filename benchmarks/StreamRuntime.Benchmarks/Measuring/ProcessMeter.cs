using System.Diagnostics;
using System.Text.Json;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>Runs one process at a time and says what it cost as a whole, start-up included.</summary>
internal sealed class ProcessMeter(string measureProgram)
{
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
        ClientEnvironment.Clear(start);
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

        return (cost, ClientReport.Parse(Path.GetFileName(program), said[(said.LastIndexOf('\n') + 1)..]));
    }
}

/// <summary>What the kernel says about a process that has ended.</summary>
internal sealed record ProcessCost(int ExitCode, long WallNs, long UserUs, long SystemUs, long PeakKb, long Waits, long Preemptions)
{
    /// <summary>The figures, by row where they are of one.</summary>
    public Dictionary<string, double> PerRow(long rows) => new()
    {
        [Figure.TimeNs] = (double)WallNs / rows,
        [Figure.CpuNs] = (UserUs + SystemUs) * 1000.0 / rows,
        [Figure.UserNs] = UserUs * 1000.0 / rows,
        [Figure.SystemNs] = SystemUs * 1000.0 / rows,
        [Figure.PeakMb] = PeakKb / 1024.0,
        [Figure.Waits] = Waits,
    };
}
