using System.Diagnostics;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;
using StreamRuntime.Benchmarks.Clients;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>Runs one of our own clients (<see cref="ClientProgram"/>) and says what it costs.</summary>
/// <param name="client">One of <see cref="RowClients"/>.</param>
/// <param name="connection">How it reaches its server.</param>
/// <param name="isInline">Whether it sets <see cref="ClientProgram.Inline"/>.</param>
internal sealed class ClientMeter(string client, string connection, bool isInline)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>This program, which is also the clients'.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "StreamRuntime.Benchmarks");

    /// <summary>What reading a result costs a client that is connected and warm.</summary>
    /// <param name="warmSql">What it reads until it is warm.</param>
    /// <param name="sql">What it reads then.</param>
    /// <exception cref="RunException">The client failed.</exception>
    public Task<(Dictionary<string, double> Figures, ClientReport Report)> MeasureReadingAsync(string warmSql, string sql) =>
        RunAsync([ClientProgram.Measured, client, connection, warmSql, sql], ListenAsync, CompilesSooner);

    /// <summary>The most memory that is resident of a program that reads a result once and does nothing else.</summary>
    /// <exception cref="RunException">The client failed.</exception>
    public Task<(Dictionary<string, double> Figures, ClientReport Report)> MeasurePeakAsync(string sql) =>
        RunAsync([ClientProgram.Once, client, connection, sql], async process =>
        {
            var report = ClientReport.Parse(client, await ReadLineAsync(process));
            return (new Dictionary<string, double> { [Figure.PeakMb] = ReadPeakKb(process.Id) / 1024 }, report);
        });

    // Methods that are called often are compiled anew at once, and not when nothing new was met for a while. The code is the same, but sooner there.
    private static void CompilesSooner(ProcessStartInfo start) => start.Environment["DOTNET_TC_CallCountingDelayMs"] = "0";

    private async Task<(Dictionary<string, double> Figures, ClientReport Report)> RunAsync(
        IEnumerable<string> arguments, Func<Process, Task<(Dictionary<string, double> Figures, ClientReport Report)>> measure, Action<ProcessStartInfo>? prepare = null)
    {
        var start = new ProcessStartInfo(Program, ["client", .. arguments, .. isInline ? [ClientProgram.Inline] : Array.Empty<string>()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        ClientEnvironment.Clear(start);
        prepare?.Invoke(start);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            (Dictionary<string, double> Figures, ClientReport Report) measured = await measure(process).WaitAsync(Limit);
            await SayAsync(process, MeasuredReading.Leave);
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? measured : throw new EndOfStreamException($"it ended with {process.ExitCode}.");
        }
        catch (Exception failure) when (failure is IOException or TimeoutException or ServerNotAvailableException)
        {
            process.Kill();
            throw new RunException($"The client {client} failed: {failure.Message}\n{(await errors).Trim()}", cause: failure);
        }
    }

    private async Task<(Dictionary<string, double> Figures, ClientReport Report)> ListenAsync(Process process)
    {
        string first = await ReadLineAsync(process);
        if (first != MeasuredReading.Ready)
        {
            throw new IOException($"it said '{first}' instead of '{MeasuredReading.Ready}'.");
        }

        using EventPipeSession session = ClientEventReader.Listen(process.Id);
        Task<MeasuredPart> listening = Task.Run(() => ClientEventReader.Read(session.EventStream));
        await SayAsync(process, MeasuredReading.Go);
        var report = ClientReport.Parse(client, await ReadLineAsync(process));
        await session.StopAsync(CancellationToken.None);
        return ((await listening).ToFigures(report.Rows), report);
    }

    private static async Task SayAsync(Process process, string word)
    {
        await process.StandardInput.WriteLineAsync(word);
        await process.StandardInput.FlushAsync();
    }

    private static async Task<string> ReadLineAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException("it ended before it was measured.");

    // The most that was ever resident, which the kernel keeps.
    private static double ReadPeakKb(int processId)
    {
        const string Name = "VmHWM:";
        string line = File.ReadLines($"/proc/{processId}/status").First(l => l.StartsWith(Name, StringComparison.Ordinal));
        return double.Parse(line.AsSpan(Name.Length, line.LastIndexOf(' ') - Name.Length), NumberStyles.Float, CultureInfo.InvariantCulture);
    }
}
