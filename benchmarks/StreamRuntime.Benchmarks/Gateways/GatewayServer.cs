using System.Diagnostics;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Gateways;

/// <summary>A served endpoint in a process of its own, the program of the neighbouring project, and what it costs.</summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private const string ProgramName = "StreamRuntime.Benchmarks.Gateway";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private GatewayServer(Process process, Uri address)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>Processor time since its start.</summary>
    public TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Resident memory, in KiB.</summary>
    public double ResidentKb
    {
        get
        {
            const string Name = "VmRSS:";
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith(Name, StringComparison.Ordinal));
            return double.Parse(line.AsSpan(Name.Length, line.LastIndexOf(' ') - Name.Length), NumberStyles.Float, CultureInfo.InvariantCulture);
        }
    }

    // In the folder that corresponds to ours, so that a build of another commit runs its own.
    private static string Program => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory.Replace("StreamRuntime.Benchmarks", ProgramName, StringComparison.Ordinal), ProgramName));

    /// <exception cref="RunException">It did not start.</exception>
    public static async Task<GatewayServer> StartAsync(string subject, string connection)
    {
        var start = new ProcessStartInfo(Program, connection.Length == 0 ? [subject] : [subject, connection])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        ClientEnvironment.Clear(start);

        // Methods that are called often are compiled anew at once, and not when nothing new was met for a while. The code is the same, but sooner there.
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "0";
        Process process = Process.Start(start)!;
        string? address = await process.StandardOutput.ReadLineAsync().WaitAsync(Limit);
        return address is not null
            ? new GatewayServer(process, new Uri(address))
            : throw new RunException($"The server {subject} did not start:\n{await process.StandardError.ReadToEndAsync()}");
    }

    /// <summary>What serving so many rows costs.</summary>
    /// <param name="rows">How many are asked for while this runs.</param>
    /// <param name="load">Asks for them.</param>
    public async Task<Dictionary<string, double>> MeasureAsync(long rows, Func<Task> load)
    {
        using EventPipeSession session = ClientEventReader.Listen(_process.Id);
        Task<MeasuredPart> listening = Task.Run(() => ClientEventReader.Read(session.EventStream));
        await TellAsync("begin");
        await load().WaitAsync(Limit);
        await TellAsync("end");
        await session.StopAsync(CancellationToken.None);
        return (await listening).ToFigures(rows);
    }

    /// <summary>Has it collect its garbage, so that what stays is what is in use.</summary>
    public Task CollectAsync() => TellAsync("collect");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task TellAsync(string word)
    {
        await _process.StandardInput.WriteLineAsync(word);
        await _process.StandardInput.FlushAsync();
        string? answer = await _process.StandardOutput.ReadLineAsync().WaitAsync(Limit);
        if (answer != word)
        {
            throw new RunException($"The server answered '{answer}' to '{word}':\n{(_process.HasExited ? await _errors : "")}");
        }
    }
}
