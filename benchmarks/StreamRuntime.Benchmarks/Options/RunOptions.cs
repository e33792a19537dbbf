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
          -Phase NAME     records the results in perf-results/NAME/ and brings perf-results/README.md up to date
          -Rounds N       how often every subject is measured, in turn (default: {DefaultRounds})
          -Rows N         how many rows a whole run reads (default: 1000000; with -Quick 200000); recorded rows, which take
                          less time, are read 25 times as often, up to five million
          -Quick          the few cases, and the short ones, that continuous integration runs
          -Report         only makes perf-results/README.md from the recorded results
          -Help           says this

        Exit codes: 0 measured, whatever the figures; 1 it could not be measured; 2 wrong usage.
        """;

    private const int DefaultRounds = 7;
    private const int DefaultRows = 1_000_000;
    private const int QuickRows = 200_000;

    private readonly IReadOnlyList<string>? _suites;
    private readonly int? _rows;

    public IReadOnlyList<string> Suites
    {
        get => _suites ?? [.. AllSuites.List.Where(s => s.IsQuick || !Quick).Select(s => s.Name)];
        init => _suites = value;
    }

    public string? Phase { get; init; }

    public int Rounds { get; init; } = DefaultRounds;

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
                "-SUITE" => options with { Suites = ParseSuites(values) },
                "-PHASE" => options with { Phase = ParsePhase(Single(name, values)) },
                "-ROUNDS" => options with { Rounds = ParseCount(name, Single(name, values), 1000) },
                "-ROWS" => options with { Rows = ParseCount(name, Single(name, values), 100_000_000) },
                "-QUICK" when values.Length == 0 => options with { Quick = true },
                "-REPORT" when values.Length == 0 => options with { ReportOnly = true },
                "-HELP" or "--HELP" or "-H" or "-?" when values.Length == 0 => options with { WantsHelp = true },
                _ => throw Wrong(values.Length > 0 && name.ToUpperInvariant() is "-QUICK" or "-REPORT" or "-HELP" ? $"{name} takes no value." : $"{name} is not an option."),
            };
        }

        return options;
    }

    private static string[] ParseSuites(string[] values)
    {
        // PowerShell lists are written with commas.
        string[] suites = [.. values.SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries)).Distinct()];
        string? unknown = suites.FirstOrDefault(s => !AllSuites.Names.Contains(s));
        return suites.Length == 0 || unknown is not null
            ? throw Wrong($"{(unknown is null ? "-Suite needs a name" : $"There is no suite {unknown}")}. Suites: {string.Join(", ", AllSuites.Names)}.")
            : suites;
    }

    private static string ParsePhase(string phase) => phase.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        ? phase
        : throw Wrong($"The phase '{phase}' names a folder: letters, digits and '-' are allowed.");

    private static int ParseCount(string name, string value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1 && count <= most
            ? count
            : throw Wrong($"{name} takes a number from 1 to {most}, not '{value}'.");

    private static string Single(string name, string[] values) =>
        values.Length == 1 ? values[0] : throw Wrong($"{name} takes one value, not {values.Length}.");

    private static RunException Wrong(string message) => new($"{message} '-Help' says what is allowed.", exitCode: 2);
}
