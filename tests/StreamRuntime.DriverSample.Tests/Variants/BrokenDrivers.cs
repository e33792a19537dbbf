using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using StreamRuntime.Streams;

namespace StreamRuntime.DriverSample.Tests.Variants;

/// <summary>Every variant of the catalogue, compiled by the compiler that built this assembly: one assembly, with a namespace for each.</summary>
public sealed class BrokenDrivers
{
    private const string Name = "StreamRuntime.DriverSample.Variants";
    private const string Namespace = "namespace StreamRuntime.DriverSample;";
    private const string SourceFile = "LineProtocolRowSource.cs";

    private readonly Assembly _assembly;

    public BrokenDrivers()
    {
        string folder = Directory.CreateTempSubdirectory(Name).FullName;
        try
        {
            using var compiled = new MemoryStream(Make(folder));
            _assembly = AssemblyLoadContext.GetLoadContext(typeof(BrokenDrivers).Assembly)!.LoadFromStream(compiled);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The driver's own text.</summary>
    public static string Source
    {
        get
        {
            using var reader = new StreamReader(typeof(BrokenDrivers).Assembly.GetManifestResourceStream(SourceFile)!);
            return reader.ReadToEnd().ReplaceLineEndings("\n");
        }
    }

    /// <summary>Starts a query with a variant, as its own StartAsync does.</summary>
    internal async Task<IRowSource> StartAsync(int variant, Stream connection)
    {
        MethodInfo start = _assembly.GetType($"{Within(variant)}.LineProtocolRowSource", throwOnError: true)!.GetMethod("StartAsync", BindingFlags.Public | BindingFlags.Static)!;
        var started = (Task)start.Invoke(null, [connection, "everything", CancellationToken.None])!;
        await started;
        return (IRowSource)started.GetType().GetProperty("Result")!.GetValue(started)!;
    }

    private static string Within(int variant) => string.Create(CultureInfo.InvariantCulture, $"StreamRuntime.DriverSample.Variant{variant}");

    private static byte[] Make(string folder)
    {
        foreach ((int index, Variant variant) in Catalogue.All.Index())
        {
            string text = variant.Apply(Source).Replace(Namespace, $"namespace {Within(index)};", StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(folder, $"{Within(index)}.cs"), text);
        }

        File.WriteAllText(
            Path.Combine(folder, "Usings.cs"),
            "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Threading; global using System.Threading.Tasks;");
        return Compile(folder);
    }

    private static byte[] Compile(string folder)
    {
        string compiler = typeof(BrokenDrivers).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Compiler").Value!;
        string sdkRoot = Path.GetFullPath(Path.Combine(compiler, "../../../../.."));
        string output = Path.Combine(folder, Name + ".dll");
        string response = Path.Combine(folder, "arguments.rsp");
        var trusted = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        File.WriteAllLines(response,
        [
            "/nologo", "/noconfig", "/nostdlib", "/target:library", "/optimize+", "/langversion:14", "/nullable:enable", "/warn:0", $"/out:\"{output}\"",
            .. trusted.Split(Path.PathSeparator).Select(path => $"/reference:\"{path}\""),
            .. Directory.GetFiles(folder, "*.cs").Select(path => $"\"{path}\""),
        ]);
        using Process process = Process.Start(new ProcessStartInfo(
            Path.Combine(sdkRoot, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"),
            ["exec", compiler, "/noconfig", "@" + response])
        {
            RedirectStandardOutput = true,
        })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? File.ReadAllBytes(output) : throw new InvalidOperationException($"The variants do not compile:\n{said}");
    }
}
