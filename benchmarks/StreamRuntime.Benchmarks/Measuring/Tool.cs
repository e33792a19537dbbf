using System.ComponentModel;
using System.Diagnostics;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>Runs a tool of development, such as git or dotnet, to its end.</summary>
internal static class Tool
{
    // Git sets these for its hooks, and MSBuild for its children: they would lead a tool to another working copy, or to another SDK.
    private static readonly string[] Unwanted = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "MSBUILD"];

    /// <exception cref="RunException">The tool could not be started, or was not done in time.</exception>
    public static async Task<ToolResult> RunAsync(string program, IEnumerable<string> arguments, string folder, TimeSpan limit, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        CleanEnvironment(start);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            try
            {
                await Task.WhenAll(process.WaitForExitAsync(), output, errors).WaitAsync(limit);
            }
            catch (TimeoutException failure)
            {
                process.Kill(entireProcessTree: true);
                throw new RunException($"{program} {string.Join(' ', arguments)} was not done in {limit.TotalSeconds:0} s.", cause: failure);
            }

            return new ToolResult(process.ExitCode, await output, await errors);
        }
        catch (Win32Exception failure)
        {
            throw new RunException($"{program} could not be started: {failure.Message}", cause: failure);
        }
    }

    public static void CleanEnvironment(ProcessStartInfo start)
    {
        foreach (string name in start.Environment.Keys.Where(n => Unwanted.Any(u => n.StartsWith(u, StringComparison.OrdinalIgnoreCase))).ToArray())
        {
            start.Environment.Remove(name);
        }
    }
}

/// <summary>How a tool ended, and what it wrote.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Errors);
