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

    /// <summary>Brings the page and its charts up to date with what is recorded.</summary>
    public static string WriteReport()
    {
        Directory.CreateDirectory(Folder);
        IReadOnlyDictionary<string, string> files = Report.Make(LoadAll());
        foreach ((string name, string text) in files)
        {
            File.WriteAllText(Path.Combine(Folder, name), text);
        }

        foreach (string chart in Directory.EnumerateFiles(Folder, "*.svg").Where(f => !files.ContainsKey(Path.GetFileName(f))).ToArray())
        {
            File.Delete(chart);
        }

        return Path.GetRelativePath(Repository.Root, Path.Combine(Folder, Report.Page));
    }

    public static string ToJson(SuiteResult result) => JsonSerializer.Serialize(result, Json);

    public static SuiteResult FromJson(string text) => JsonSerializer.Deserialize<SuiteResult>(text, Json)!;

    /// <summary>All that is recorded. The order in which it was measured is the order of the project's history.</summary>
    public static IEnumerable<(string Phase, SuiteResult Result)> LoadAll() =>
        from folder in Directory.EnumerateDirectories(Folder)
        from file in Files(folder)
        let result = FromJson(File.ReadAllText(file))
        orderby result.MeasuredAt, folder, file
        select (Path.GetFileName(folder), result);

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal);
}
