using System.Diagnostics;
using System.Text;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Processes;

/// <summary>The built program as a child process.</summary>
internal sealed class Streamrt : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Task _readingErrors;

    private Streamrt(Process process)
    {
        _process = process;
        _readingErrors = ReadErrorsAsync();
    }

    public Stream Output => _process.StandardOutput.BaseStream;

    public Stream Input => _process.StandardInput.BaseStream;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    public static string Program => Path.Combine(AppContext.BaseDirectory, "streamrt.dll");

    public static Streamrt Start(params string[] arguments) => StartProgram("dotnet", [Program, .. arguments]);

    public static Streamrt StartProgram(string file, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

        // Whoever runs the tests may have a password file, and one that others can read would be warned of.
        start.Environment["PGPASSFILE"] = "/nowhere/pgpass";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return new Streamrt(Process.Start(start)!);
    }

    /// <summary>Runs the program to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using Streamrt run = Start(arguments);
        run.Input.Close();
        string output = Encoding.UTF8.GetString(await run.ReadToEndAsync());
        return (await run.WaitForExitAsync(), output, run.Errors);
    }

    /// <summary>Runs a shell command in which <c>$0</c> is the program.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunShellAsync(string command)
    {
        await using Streamrt run = StartProgram("bash", ["-c", command.Replace("$0", $"dotnet '{Program}'", StringComparison.Ordinal)]);
        run.Input.Close();
        string output = Encoding.UTF8.GetString(await run.ReadToEndAsync());
        return (await run.WaitForExitAsync(), output, run.Errors);
    }

    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await Output.CopyToAsync(all).WaitAsync(Limit);
        return all.ToArray();
    }

    public async Task<byte[]> ReadExactlyAsync(int count)
    {
        byte[] bytes = new byte[count];
        await Output.ReadExactlyAsync(bytes).AsTask().WaitAsync(Limit);
        return bytes;
    }

    public void Signal(UnixSignal signal) => Assert.True(ChildProcess.SendSignal(Id, signal));

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        await _readingErrors.WaitAsync(Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        char[] buffer = new char[1024];
        for (int read = await _process.StandardError.ReadAsync(buffer); read > 0; read = await _process.StandardError.ReadAsync(buffer))
        {
            lock (_errors)
            {
                _errors.Append(buffer, 0, read);
            }
        }
    }
}
