using System.ComponentModel;
using System.Diagnostics;
using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Workers;

/// <summary>A worker in a process of its own, of whichever build.</summary>
/// <remarks>One caller at a time. A process that has failed once stays failed: dispose it.</remarks>
internal sealed class WorkerProcess : IWorker
{
    private const int KeptLines = 40;
    private const int ShownCharacters = 200;
    private const int WrongUsage = 2;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly WorkerLimits _limits;
    private readonly Queue<string> _errors = [];
    private readonly Task _readingErrors;

    private WorkerProcess(Process process, string name, WorkerLimits limits)
    {
        _process = process;
        _limits = limits;
        Name = name;
        _readingErrors = ReadErrorsAsync();
    }

    public string Name { get; }

    public IReadOnlyList<WorkerSuite> Suites { get; private set; } = [];

    /// <summary>Starts a build's runner and waits until it has prepared its suites.</summary>
    /// <param name="name">Which build it is, for messages.</param>
    /// <param name="program">The runner.</param>
    /// <param name="arguments">The suites and what they are told, as the runner's <c>worker</c> takes them.</param>
    /// <param name="limits">How long to wait for it.</param>
    /// <param name="environment">Variables set for this worker only.</param>
    /// <exception cref="RunException">It did not get ready.</exception>
    public static async Task<WorkerProcess> StartAsync(
        string name, string program, IEnumerable<string> arguments, WorkerLimits limits, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, ["worker", .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Tool.CleanEnvironment(start);
        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

        WorkerProcess worker;
        try
        {
            worker = new WorkerProcess(Process.Start(start)!, name, limits);
        }
        catch (Win32Exception failure)
        {
            throw new RunException($"{name} could not be started: {failure.Message}", cause: failure);
        }

        try
        {
            await worker.GetReadyAsync();
            return worker;
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    public async Task<IReadOnlyList<CaseFigures>> MeasureAsync(string suite)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(suite);
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // It has ended; how, the missing answer says.
        }

        WorkerMessage answer = await ReadAsync(_limits.Round, $"measuring {suite}");
        if (answer is not { Cases: { Count: > 0 } cases, Suite: { } answered } || answered != suite)
        {
            throw new RunException($"{Name} was asked to measure {suite} and answered without its cases.");
        }

        foreach (CaseFigures found in cases)
        {
            if (found is not { Situation: not null, Subject: not null, Figures: not null })
            {
                throw new RunException($"{Name} answered with a case of {suite} that has no name or no figures.");
            }

            foreach ((string figure, double value) in found.Figures)
            {
                if (!double.IsFinite(value) || value < 0)
                {
                    throw new RunException($"{Name}: {suite}, {found.Situation}: {found.Subject} measured {figure} as {value}, which is no amount.");
                }
            }
        }

        return cases;
    }

    public async ValueTask DisposeAsync()
    {
        // The end of its input tells it to take down what it has set up.
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A request was still on its way to a process that has ended.
        }

        try
        {
            await _process.WaitForExitAsync().WaitAsync(EndLimit);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task GetReadyAsync()
    {
        WorkerMessage ready = await ReadAsync(_limits.Start, "getting ready", hasSpoken: false);
        if (ready.Protocol != WorkerMessage.CurrentProtocol || ready.Suites is not { } suites)
        {
            throw new RunException($"{Name} speaks protocol {ready.Protocol?.ToString() ?? "?"} and this build {WorkerMessage.CurrentProtocol}: they can't be compared. Name another commit.");
        }

        Suites = suites;
    }

    private async Task<WorkerMessage> ReadAsync(TimeSpan limit, string doing, bool hasSpoken = true)
    {
        string? line;
        try
        {
            line = await _process.StandardOutput.ReadLineAsync().WaitAsync(limit);
        }
        catch (TimeoutException failure)
        {
            _process.Kill(entireProcessTree: true);
            throw new RunException($"{Name} hung: {doing} took more than {limit.TotalSeconds:0} s.{await ErrorsAsync()}", cause: failure);
        }

        if (line is null)
        {
            await _process.WaitForExitAsync();
            throw new RunException(!hasSpoken && _process.ExitCode == WrongUsage
                ? $"{Name} is older than the gate's workers, so it can't be measured in turn with this build. Name a later commit."
                : $"{Name} ended with {_process.ExitCode} while {doing}.{await ErrorsAsync()}");
        }

        WorkerMessage? message = WorkerMessage.TryParse(line);
        if (message is null)
        {
            string said = line.Length <= ShownCharacters ? line : line[..ShownCharacters] + "…";
            throw new RunException($"{Name} gave no answer while {doing}, but said: {said}{(hasSpoken ? "" : "\nIs it older than the gate's workers? Then name a later commit.")}");
        }

        return message.Error is { } error ? throw new RunException($"{Name} failed{(message.Suite is { } suite ? $" in {suite}" : "")}: {error}") : message;
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
            {
                if (_errors.Count == KeptLines)
                {
                    _errors.Dequeue();
                }

                _errors.Enqueue(line);
            }
        }
    }

    private async Task<string> ErrorsAsync()
    {
        // A child of the worker may hold the pipe open for longer than anybody wants to wait.
        await Task.WhenAny(_readingErrors, Task.Delay(TimeSpan.FromSeconds(1)));
        lock (_errors)
        {
            return _errors.Count == 0 ? " It gave no reason." : " Its last lines:\n" + string.Join('\n', _errors);
        }
    }
}
