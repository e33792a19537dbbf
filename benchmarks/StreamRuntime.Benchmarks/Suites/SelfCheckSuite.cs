using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>
/// What the gate itself is checked with: a few cases that are over in a moment and need no server. One of them, <see cref="SelfCheckProgram.Planted"/>, can be made dearer from outside, by the
/// variables named in <see cref="SelfCheckProgram"/>. Not listed: its figures are of no interest to anybody else.
/// </summary>
internal sealed class SelfCheckSuite : ISuite
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public string Name => "self-check";

    public string Question => "does the gate find what was planted?";

    public string Unit => "step";

    public IReadOnlyList<string> References { get; } = [];

    public IReadOnlyList<Goal> Goals { get; } = [];

    public bool IsQuick => false;

    public Task<ISuiteRun> StartAsync(SuiteSettings settings) => Task.FromResult<ISuiteRun>(new Run());

    private sealed class Run : ISuiteRun
    {
        public IReadOnlyDictionary<string, string> Versions { get; } = new Dictionary<string, string>();

        public IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
        {
            ["steps"] = SelfCheckProgram.Steps.ToString(CultureInfo.InvariantCulture),
            ["rows"] = SelfCheckProgram.Rows.ToString(CultureInfo.InvariantCulture),
        };

        public async Task<IReadOnlyList<CaseFigures>> MeasureRoundAsync()
        {
            string ourselves = Path.Combine(AppContext.BaseDirectory, "StreamRuntime.Benchmarks");

            // Compiled once and at its best: a process this short would else spend a good part of its time on becoming fast.
            ToolResult result = await Tool.RunAsync(ourselves, ["self-check"], AppContext.BaseDirectory, Limit, ("DOTNET_TieredCompilation", "0"));
            return result.ExitCode == 0
                ? JsonSerializer.Deserialize<CaseFigures[]>(result.Output, JsonSerializerOptions.Web)!
                : throw new RunException($"The self-check ended with {result.ExitCode}: {result.Errors.Trim()}");
        }

        public ValueTask DisposeAsync() => default;
    }
}
