using System.Runtime.InteropServices;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Queries;

/// <summary>Pauses and resumes a stream, or all of several, by signal and by key.</summary>
/// <remarks>Pausing is one exchange on the stream, from whatever thread hears the signal, so it works while the writer is blocked.</remarks>
internal sealed class PauseControls : IDisposable
{
    private readonly IReadOnlyList<JsonRowStream> _streams;
    private readonly Interruption _interruption;
    private readonly List<PosixSignalRegistration> _signals = [];
    private TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PauseControls(IReadOnlyList<JsonRowStream> streams, Interruption interruption)
    {
        _streams = streams;
        _interruption = interruption;
        if (!OperatingSystem.IsWindows())
        {
            // .NET has no names for these two and takes the system's numbers, which differ.
            _signals.Add(Listen(OperatingSystem.IsLinux() ? 10 : 30, () => Pause("SIGUSR1")));
            _signals.Add(Listen(OperatingSystem.IsLinux() ? 12 : 31, Resume));
        }
    }

    /// <summary>Listens to the keyboard, on a thread that the process does not wait for.</summary>
    public void ListenToKeys()
    {
        var thread = new Thread(ReadKeys) { IsBackground = true, Name = "keys" };
        thread.Start();
    }

    /// <summary>Pauses for a time. Ends earlier when somebody resumes the stream, or its own pause timeout does.</summary>
    public async Task PauseAsync(string reason, TimeSpan duration)
    {
        Task resumed = Volatile.Read(ref _resumed).Task;
        if (!Pause(reason) && !IsPaused)
        {
            return;
        }

        TimeSpan limit = _streams[0].PauseTimeout;
        TimeSpan wait = limit == Timeout.InfiniteTimeSpan || limit > duration ? duration : limit;
        await Task.WhenAny(resumed, Task.Delay(wait, TimeProvider.System, _interruption.Token));

        // Rows held back until the end of the pause are not for somebody who has given up.
        _interruption.Token.ThrowIfCancellationRequested();
        ResumeAll();
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }
    }

    private static PosixSignalRegistration Listen(int number, Action heard) => PosixSignalRegistration.Create((PosixSignal)number, signal =>
    {
        signal.Cancel = true;
        heard();
    });

    private bool IsPaused => _streams.Any(s => s.State == StreamState.Paused);

    private bool Pause(string reason)
    {
        bool isPaused = false;
        foreach (JsonRowStream stream in _streams)
        {
            isPaused |= stream.TryPause(reason);
        }

        return isPaused;
    }

    private void ResumeAll()
    {
        foreach (JsonRowStream stream in _streams)
        {
            stream.TryResume();
        }
    }

    private void Resume()
    {
        ResumeAll();
        var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _resumed, next).TrySetResult();
    }

    private void ReadKeys()
    {
        while (_streams.Any(s => s.State is StreamState.Running or StreamState.Paused))
        {
            switch (Console.ReadKey(intercept: true).KeyChar)
            {
                case ' ' when IsPaused:
                    Resume();
                    break;
                case ' ':
                    Pause("key");
                    break;
                case 'q' or 'Q':
                    _interruption.Request();
                    break;
            }
        }
    }
}
