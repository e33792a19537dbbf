using System.Diagnostics;
using System.Globalization;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Starts this program again for every round, so that what differs from process to process differs from round to round.</summary>
internal sealed class MicroRun(MicroSuite suite, SuiteSettings settings) : ISuiteRun
{
    // Far more than any round takes: a process that hangs is to be reported, not waited for.
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(30);

    private int _round;

    public IReadOnlyDictionary<string, string> Versions { get; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>(suite.Method)
    {
        ["process"] = "one a round",
        ["most rows"] = settings.Rows.ToString(CultureInfo.InvariantCulture),
    };

    public async Task<IReadOnlyList<CaseFigures>> MeasureRoundAsync()
    {
        var options = new MicroOptions(suite.Name, settings.Rows, settings.IsQuick, _round++);
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "StreamRuntime.Benchmarks"), ["micro", .. options.ToArguments()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        ClientEnvironment.Clear(start);
        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Most);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0
                ? [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(MicroLine.Parse)]
                : throw new RunException($"A round of {suite.Name} ended with {process.ExitCode}:\n{(await errors).Trim()}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new RunException($"A round of {suite.Name} was not done after {Most.TotalMinutes} minutes.");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    public ValueTask DisposeAsync() => default;
}
