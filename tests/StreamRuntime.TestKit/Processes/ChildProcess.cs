using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace StreamRuntime.TestKit.Processes;

/// <summary>A child process that does not outlive the test host, even when the host is killed.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<ChildProcess, UnixSignal> Running = [];

    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly List<(Func<string, bool> Matches, TaskCompletionSource<string> Found)> _waiters = [];
    private readonly Lock _lock = new();
    private readonly Task _reading;

    private ChildProcess(Process process, string name)
    {
        _process = process;
        Name = name;
        Id = process.Id;
        Exited = WaitForExitAsync();
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>The program's name, for messages.</summary>
    public string Name { get; }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Exited { get; }

    /// <summary>Everything the process has written so far to its standard output and error.</summary>
    public string Log
    {
        get
        {
            lock (_lock)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts a program.</summary>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="workingDirectory">Where it runs.</param>
    /// <param name="account">Run as <c>postgres</c> when we are root, for servers that refuse root.</param>
    /// <param name="deathSignal">What the process gets when the test host dies.</param>
    public static async Task<ChildProcess> StartAsync(
        string file, IEnumerable<string> arguments, string workingDirectory, ServerAccount account, UnixSignal deathSignal)
    {
        ProcessStartInfo start = CommandLine.StartInfo(
            "setpriv", ["--pdeathsig", SignalName(deathSignal), .. ServerAccounts.SetprivOptions(account), "--", file, .. arguments], workingDirectory);
        Process process = await LaunchThread.RunAsync(() => CommandLine.Start(start));
        process.StandardInput.Close();
        var child = new ChildProcess(process, Path.GetFileName(file));
        Running[child] = deathSignal;
        return child;
    }

    /// <summary>Sends a signal; false when the process is gone.</summary>
    public bool Signal(UnixSignal signal) => !Exited.IsCompleted && SendSignal(Id, signal);

    /// <summary>Sends a signal to any process; false when there is none.</summary>
    public static bool SendSignal(int processId, UnixSignal signal)
    {
        if (NativeMethods.Kill(processId, (int)signal) == 0)
        {
            return true;
        }

        const int NoSuchProcess = 3;
        int error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? false : throw new Win32Exception(error);
    }

    /// <summary>Waits for a line of output, also one already written.</summary>
    /// <returns>The line, or null when the process ended without it.</returns>
    /// <exception cref="TimeoutException">Neither came in time; the message holds the log.</exception>
    public async Task<string?> WaitForLineAsync(Func<string, bool> matches, TimeSpan atMost)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_log.ToString().Split('\n').FirstOrDefault(matches) is { } line)
            {
                return line;
            }

            _waiters.Add((matches, found));
        }

        try
        {
            await Task.WhenAny(found.Task, Exited).WaitAsync(atMost);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{Name} did not get as far as expected within {atMost.TotalSeconds} s. Its output:\n{Log}");
        }

        if (!found.Task.IsCompleted)
        {
            await FinishLogAsync();
        }

        return found.Task.IsCompletedSuccessfully ? await found.Task : null;
    }

    /// <summary>Kills the process, if it still runs, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        Signal(UnixSignal.Kill);
        await Exited;
        await FinishLogAsync();
        Running.TryRemove(this, out _);
        _process.Dispose();
    }

    /// <summary>Ends whatever the tests left running; for the end of the test host.</summary>
    internal static void EndAll()
    {
        foreach ((ChildProcess child, UnixSignal signal) in Running)
        {
            child.Signal(signal);
        }

        foreach (ChildProcess child in Running.Keys)
        {
            child.Exited.Wait(TimeSpan.FromSeconds(2));
        }
    }

    // The last lines may still be in the pipe; a grandchild may hold it open for longer than anybody wants to wait.
    private async Task FinishLogAsync() => await Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(1)));

    private static string SignalName(UnixSignal signal) => signal switch
    {
        UnixSignal.Interrupt => "INT",
        UnixSignal.Quit => "QUIT",
        UnixSignal.Terminate => "TERM",
        _ => "KILL",
    };

    private async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    private async Task ReadAsync(StreamReader from)
    {
        try
        {
            while (await from.ReadLineAsync() is { } line)
            {
                lock (_lock)
                {
                    _log.Append(line).Append('\n');
                    for (int i = _waiters.Count - 1; i >= 0; i--)
                    {
                        if (_waiters[i].Matches(line))
                        {
                            _waiters[i].Found.SetResult(line);
                            _waiters.RemoveAt(i);
                        }
                    }
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // Disposed while a grandchild still held the pipe: nobody reads the rest.
            return;
        }
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Kill(int processId, int signal);
    }
}
