using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace StreamRuntime.TestKit.Processes;

/// <summary>Runs a program to its end.</summary>
public static class CommandLine
{
    /// <summary>Runs a program and gives what it wrote to standard output.</summary>
    /// <exception cref="InvalidOperationException">It could not be started, or its exit code was not 0; the message holds its standard error.</exception>
    public static async Task<byte[]> RunAsync(
        string file, IReadOnlyList<string> arguments, string? input = null, ServerAccount account = ServerAccount.Ours, string? workingDirectory = null)
    {
        if (ServerAccounts.Changes(account))
        {
            arguments = [.. ServerAccounts.SetprivOptions(account), "--", file, .. arguments];
            file = "setpriv";
        }

        using Process process = Start(StartInfo(file, arguments, workingDirectory ?? Path.GetTempPath()));
        using var output = new MemoryStream();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException) when (process.HasExited)
        {
            // It ended without reading all of its input; its exit code says whether that was right.
            await reading;
        }

        await reading;
        await process.WaitForExitAsync();
        string complaint = await errors;
        return process.ExitCode == 0
            ? output.ToArray()
            : throw new InvalidOperationException($"{Path.GetFileName(file)} ended with {process.ExitCode}: {complaint.Trim()}");
    }

    internal static ProcessStartInfo StartInfo(string file, IEnumerable<string> arguments, string workingDirectory)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };

        // The developer's own PGHOST, PGSERVICE and so on must not lead a test to another server.
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }

    internal static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"{start.FileName} could not be started: {e.Message}. Run ./test.sh once: it installs what the tests need.", e);
        }
    }
}
