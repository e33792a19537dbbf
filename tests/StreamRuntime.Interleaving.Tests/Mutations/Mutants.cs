using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using StreamRuntime.Interleaving.Tests.Scheduling;
using StreamRuntime.Streams;

namespace StreamRuntime.Interleaving.Tests.Mutations;

/// <summary>Every mutation of the catalogue, compiled by the compiler that built this assembly: one assembly, with a namespace for each.</summary>
/// <remarks>
/// A mutant's namespace lies within the runtime's, so what it does not define itself, the shadows among it, it finds there. It has its own
/// copy of every type that names a mutated one, and of those that name these.
/// </remarks>
public sealed class Mutants
{
    private const string Name = "StreamRuntime.Interleaving.Mutants";
    private const string Namespace = "namespace StreamRuntime.Streams;";

    private static readonly string[] s_machine = ["JsonRowStream", "PauseGate", "StreamStateCell", "StreamModel", "Scenarios"];

    private readonly Assembly _assembly;

    public Mutants()
    {
        string folder = Directory.CreateTempSubdirectory(Name).FullName;
        try
        {
            using var compiled = new MemoryStream(Make(folder));
            _assembly = AssemblyLoadContext.GetLoadContext(typeof(Mutants).Assembly)!.LoadFromStream(compiled);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    internal Scenario[] GetScenarios(int mutant, string list) =>
        (Scenario[])GetType(mutant, nameof(Scenarios)).GetField(list, BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;

    internal Func<StreamState, StreamState, bool> GetTable(int mutant) =>
        GetType(mutant, nameof(StreamStateCell)).GetMethod(nameof(StreamStateCell.CanMove))!.CreateDelegate<Func<StreamState, StreamState, bool>>();

    private static string Within(int mutant) => string.Create(CultureInfo.InvariantCulture, $"StreamRuntime.Streams.Mutant{mutant}");

    private static Dictionary<string, string> ReadSources()
    {
        Assembly here = typeof(Mutants).Assembly;
        var sources = new Dictionary<string, string>();
        foreach (string name in here.GetManifestResourceNames())
        {
            using var reader = new StreamReader(here.GetManifestResourceStream(name)!);
            sources.Add(name, reader.ReadToEnd().ReplaceLineEndings("\n"));
        }

        return sources;
    }

    private static string[] FilesOfAMutant(Dictionary<string, string> sources)
    {
        // A type's file begins with its name; further parts of it follow after a dot.
        var types = new HashSet<string>(s_machine);
        while (sources.Keys.Where(file => !types.Contains(TypeOf(file)) && types.Any(type => Names(sources[file], type))).ToArray() is { Length: > 0 } more)
        {
            types.UnionWith(more.Select(TypeOf));
        }

        return [.. sources.Keys.Where(file => types.Contains(TypeOf(file)))];
    }

    private static string TypeOf(string file) => file[..file.IndexOf('.', StringComparison.Ordinal)];

    private static bool Names(string source, string type) => Regex.IsMatch(source, $@"^(?!\s*//).*\b{type}\b", RegexOptions.Multiline);

    private static byte[] Make(string folder)
    {
        Dictionary<string, string> sources = ReadSources();
        string[] files = FilesOfAMutant(sources);
        for (int index = 0; index < Catalogue.All.Length; index++)
        {
            Mutation mutation = Catalogue.All[index];
            Write(folder, index, mutation, sources, mutation.IsOfTheTable ? ["StreamStateCell.cs"] : files);
        }

        File.WriteAllText(Path.Combine(folder, "Monitor.cs"), sources["Monitor.cs"]);
        File.WriteAllText(
            Path.Combine(folder, "Usings.cs"),
            "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;");
        return Compile(folder);
    }

    private Type GetType(int mutant, string name) => _assembly.GetType($"{Within(mutant)}.{name}", throwOnError: true)!;

    private static void Write(string root, int index, Mutation mutation, Dictionary<string, string> sources, string[] files)
    {
        string folder = Directory.CreateDirectory(Path.Combine(root, Within(index))).FullName;
        foreach (string file in files)
        {
            string text = mutation.Edits.Where(edit => edit.File == file).Aggregate(sources[file], (source, edit) => edit.Apply(source));
            File.WriteAllText(Path.Combine(folder, file), text.Replace(Namespace, $"namespace {Within(index)};", StringComparison.Ordinal));
        }
    }

    private static byte[] Compile(string folder)
    {
        string compiler = typeof(Mutants).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Compiler").Value!;
        string sdkRoot = Path.GetFullPath(Path.Combine(compiler, "../../../../.."));
        string output = Path.Combine(folder, Name + ".dll");
        string response = Path.Combine(folder, "arguments.rsp");
        var trusted = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        File.WriteAllLines(response,
        [
            "/nologo", "/noconfig", "/nostdlib", "/target:library", "/optimize+", "/langversion:14", "/nullable:enable", "/warn:0", "/unsafe-", $"/out:\"{output}\"",
            .. trusted.Split(Path.PathSeparator).Append(typeof(Mutants).Assembly.Location).Distinct().Select(path => $"/reference:\"{path}\""),
            .. Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories).Select(path => $"\"{path}\""),
        ]);
        using Process process = Process.Start(new ProcessStartInfo(
            Path.Combine(sdkRoot, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"),
            ["exec", compiler, "/noconfig", "@" + response])
        {
            RedirectStandardOutput = true,
        })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? File.ReadAllBytes(output) : throw new InvalidOperationException($"The mutants do not compile:\n{said}");
    }
}
