using System.Text.Encodings.Web;
using System.Text.Json;
using StreamRuntime.Benchmarks.Measuring;

namespace StreamRuntime.Benchmarks.Results;

/// <summary>perf-results: a folder a phase, a JSON file a suite, and the page made from them.</summary>
internal static class ResultFiles
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };

    public static string Folder => Path.Combine(Repository.Root, "perf-results");

    public static bool HasPhase(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && Directory.Exists(Path.Combine(Folder, name));

    /// <summary>What a phase recorded, by suite.</summary>
    public static IEnumerable<SuiteResult> Load(string phase) => Files(Path.Combine(Folder, phase)).Select(f => FromJson(File.ReadAllText(f)));

    public static string Save(string phase, SuiteResult result)
    {
        string folder = Path.Combine(Folder, phase);
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, result.Suite + ".json");
        File.WriteAllText(path, ToJson(result) + "\n");
        return Path.GetRelativePath(Repository.Root, path);
    }

    public static string WriteReport()
    {
        Directory.CreateDirectory(Folder);
        string path = Path.Combine(Folder, "README.md");
        File.WriteAllText(path, MarkdownReport.Format(LoadAll()));
        return Path.GetRelativePath(Repository.Root, path);
    }

    public static string ToJson(SuiteResult result) => JsonSerializer.Serialize(result, Json);

    public static SuiteResult FromJson(string text) => JsonSerializer.Deserialize<SuiteResult>(text, Json)!;

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal);

    // The order in which they were measured is the order of the project's history.
    private static IEnumerable<(string Phase, SuiteResult Result)> LoadAll() =>
        from folder in Directory.EnumerateDirectories(Folder)
        from file in Files(folder)
        let result = FromJson(File.ReadAllText(file))
        orderby result.MeasuredAt
        select (Path.GetFileName(folder), result);
}
