using System.Globalization;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Options;

/// <summary>What a run was asked to do. The names are PowerShell's, so that run-bench.ps1 passes its arguments on as they are.</summary>
internal sealed record RunOptions
{
    public static string Help { get; } = $"""
        Measures StreamRuntime against what people would use instead, and one build of it against another.

        usage: run-bench.ps1 [options]
               dotnet run -c Release --project benchmarks/StreamRuntime.Benchmarks -- [options]

          -Suite NAME …   what to measure (default: all there is; with -Quick, those marked *)
        {string.Join('\n', AllSuites.List.Select(s => $"                          {(s.IsQuick ? '*' : ' ')} {s.Name,-13} {s.Question}"))}
          -Against NAME   compares this build with another commit (a hash, branch or tag, or 'baseline': the one named in perf-results/baseline), which is
                          built in a worktree of its own and measured in turn with this one, or with what the phase NAME recorded: then only
                          the ratios to the references are compared, since it may have been another machine
          -Gate           fails when something is certainly worse than -Against: slower beyond the tolerance, more bytes allocated, or gone
          -Tolerance N    how many per cent slower is still fine (default: {DefaultTolerancePercent})
          -Phase NAME     records the results in perf-results/NAME/ and brings perf-results/README.md up to date
          -Rounds N       how often every subject is measured, in turn (default: {DefaultRounds}; with -Against a commit as often as it takes, up to N, default 40)
          -Rows N         how many rows a whole run reads (default: 1000000; with -Quick 200000); recorded rows, which take
                          less time, are read 25 times as often, up to five million
          -Quick          the few cases, and the short ones, that continuous integration runs
          -Report         only makes perf-results/README.md from the recorded results
          -Help           says this

        Exit codes: 0 measured, whatever the figures; 1 it could not be measured, or -Gate failed; 2 wrong usage.
        """;

    public const int DefaultRounds = 7;

    private const int DefaultTolerancePercent = 5;
    private const int MostTolerancePercent = 1000;
    private const int DefaultRows = 1_000_000;
    private const int QuickRows = 200_000;

    private readonly int? _rows;

    /// <summary>The suites that were asked for by name; null when none was.</summary>
    public IReadOnlyList<string>? NamedSuites { get; init; }

    public IReadOnlyList<string> Suites => NamedSuites ?? [.. AllSuites.List.Where(s => s.IsQuick || !Quick).Select(s => s.Name)];

    /// <summary>What this build is compared with; null when it is only measured.</summary>
    public string? Against { get; init; }

    public bool Gate { get; init; }

    /// <summary>How much slower is still fine: 0.05 for 5 %.</summary>
    public double Tolerance { get; init; } = DefaultTolerancePercent / 100.0;

    public string? Phase { get; init; }

    /// <summary>How often to measure; null when that was not said.</summary>
    public int? Rounds { get; init; }

    public int Rows
    {
        get => _rows ?? (Quick ? QuickRows : DefaultRows);
        init => _rows = value;
    }

    public bool Quick { get; init; }

    public bool ReportOnly { get; init; }

    public bool WantsHelp { get; init; }

    /// <exception cref="RunException">The arguments make no sense; the message says what is allowed.</exception>
    public static RunOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new RunOptions();
        bool hasTolerance = false;
        for (int i = 0; i < arguments.Length;)
        {
            string name = arguments[i++];
            int first = i;
            while (i < arguments.Length && !arguments[i].StartsWith('-'))
            {
                i++;
            }

            string[] values = arguments[first..i].ToArray();
            options = name.ToUpperInvariant() switch
            {
                "-SUITE" => options with { NamedSuites = ParseSuites(values) },
                "-PHASE" => options with { Phase = ParsePhase(Single(name, values)) },
                "-ROUNDS" => options with { Rounds = ParseCount(name, Single(name, values), 1000) },
                "-ROWS" => options with { Rows = ParseCount(name, Single(name, values), 100_000_000) },
                "-AGAINST" => options with { Against = Single(name, values) },
                "-GATE" when values.Length == 0 => options with { Gate = true },
                "-TOLERANCE" => options with { Tolerance = ParseTolerance(name, Single(name, values)) },
                "-QUICK" when values.Length == 0 => options with { Quick = true },
                "-REPORT" when values.Length == 0 => options with { ReportOnly = true },
                "-HELP" or "--HELP" or "-H" or "-?" when values.Length == 0 => options with { WantsHelp = true },
                _ => throw Wrong(values.Length > 0 && name.ToUpperInvariant() is "-QUICK" or "-GATE" or "-REPORT" or "-HELP" ? $"{name} takes no value." : $"{name} is not an option."),
            };
            hasTolerance |= name.Equals("-Tolerance", StringComparison.OrdinalIgnoreCase);
        }

        if (options.Against is null && (options.Gate || hasTolerance))
        {
            throw Wrong($"{(options.Gate ? "-Gate" : "-Tolerance")} needs -Against: the commit or the phase to compare with.");
        }

        return options.Against is not null && (options.Phase is not null || options.ReportOnly)
            ? throw Wrong("-Against measures to compare, and records nothing: leave -Phase and -Report to a run of their own.")
            : options;
    }

    private static string[] ParseSuites(string[] values)
    {
        // PowerShell lists are written with commas.
        string[] suites = [.. values.SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries)).Distinct()];
        string? unknown = suites.FirstOrDefault(s => AllSuites.TryFind(s) is null);
        return suites.Length == 0 || unknown is not null
            ? throw Wrong($"{(unknown is null ? "-Suite needs a name" : $"There is no suite {unknown}")}. Suites: {string.Join(", ", AllSuites.Names)}.")
            : suites;
    }

    private static string ParsePhase(string phase) => phase != "baseline" && phase.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        ? phase
        : throw Wrong($"The phase '{phase}' names a folder: letters, digits and '-' are allowed, and 'baseline' is taken.");

    private static double ParseTolerance(string name, string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent <= MostTolerancePercent
            ? percent / 100
            : throw Wrong($"{name} takes per cent from 0 to {MostTolerancePercent}, not '{value}'.");

    private static int ParseCount(string name, string value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= most
            ? count
            : throw Wrong($"{name} takes a number from 1 to {most}, not '{value}'.");

    private static string Single(string name, string[] values) =>
        values.Length == 1 ? values[0] : throw Wrong($"{name} takes one value, not {values.Length}.");

    private static RunException Wrong(string message) => new($"{message} '-Help' says what is allowed.", exitCode: 2);
}
