using System.ComponentModel;
using System.Diagnostics;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>The C programs of benchmarks/native-clients, compiled for this run.</summary>
/// <param name="Measure">Runs a program and says what it cost.</param>
/// <param name="LibpqRows">Reads rows through libpq.</param>
/// <param name="Compiler">The compiler's name and version.</param>
/// <param name="LibpqVersion">The libpq that was linked.</param>
internal sealed record NativeTools(string Measure, string LibpqRows, string Compiler, string LibpqVersion)
{
    private const string Install = "The benchmarks compile two small C programs and need gcc and libpq's development files for that: apt-get install gcc libpq-dev";

    public static async Task<NativeTools> CompileAsync()
    {
        string sources = Path.Combine(Repository.Root, "benchmarks", "native-clients");
        string folder = TestFolder.Create("tools");
        string compiler = await AskAsync("gcc", ["--version"]);
        string include = await AskAsync("pg_config", ["--includedir"]);
        string libraries = await AskAsync("pg_config", ["--libdir"]);
        string measure = Path.Combine(folder, "measure");
        string libpqRows = Path.Combine(folder, "libpq_rows");
        await AskAsync("gcc", ["-O2", "-o", measure, Path.Combine(sources, "measure.c")]);
        await AskAsync("gcc", ["-O2", "-I", include, "-o", libpqRows, Path.Combine(sources, "libpq_rows.c"), "-L", libraries, "-lpq"]);
        return new NativeTools(measure, libpqRows, compiler, await AskAsync("pg_config", ["--version"]));
    }

    // The first line the program prints.
    private static async Task<string> AskAsync(string program, string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0
                ? output.Split('\n')[0].Trim()
                : throw new RunException($"{Install}\n{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{(await errors).Trim()}");
        }
        catch (Win32Exception failure)
        {
            throw new RunException($"{Install}\n{program} could not be started: {failure.Message}", cause: failure);
        }
    }
}
