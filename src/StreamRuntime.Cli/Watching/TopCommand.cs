using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Watching;

/// <summary><c>streamrt top</c>: what a running process's streams do, seen from outside.</summary>
internal static class TopCommand
{
    // A refresh is due when this much of the interval is over: a timer's ticks are not of one length.
    private const double DuePart = 0.9;

    private static readonly TimeSpan FirstSnapshotTimeout = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(TopOptions options)
    {
        using var interruption = new Interruption();
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(interruption.Token);
        try
        {
            int id = options.ProcessId ?? FindOnly();
            await using WatchedProcess watched = await WatchedProcess.AttachAsync(id, options, interruption.Token).ConfigureAwait(false);
            if (StandardStreams.InputIsTerminal && StandardStreams.OutputIsTerminal && Keyboard.IsOurs)
            {
                ListenForQuit(quit);
            }

            Snapshot first = await ReadFirstAsync(watched, options, quit.Token).ConfigureAwait(false);
            using TopDisplay display = TopDisplay.Create(options, id);
            return await ShowAsync(watched, display, options, first, quit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return interruption.IsRequested ? ExitCode.Interrupted : ExitCode.Done;
        }
        catch (DestinationException failure) when (failure.IsClosed)
        {
            // Whoever reads us has what they wanted.
            return ExitCode.Done;
        }
        catch (WatchException failure)
        {
            StandardStreams.WriteErrorLine($"streamrt: {failure.Message}");
            return ExitCode.Failed;
        }
    }

    private static async Task<int> ShowAsync(WatchedProcess watched, TopDisplay display, TopOptions options, Snapshot before, CancellationToken quit)
    {
        long left = options.Count ?? long.MaxValue;
        await foreach (Snapshot now in watched.Snapshots.ReadAllAsync(quit).ConfigureAwait(false))
        {
            // Another tool may have asked the process for snapshots more often than we did.
            if (now.Process.UptimeMs - before.Process.UptimeMs < options.Interval.TotalMilliseconds * DuePart)
            {
                continue;
            }

            display.Show(new Refresh(before, now));
            before = now;
            if (--left == 0)
            {
                return ExitCode.Done;
            }
        }

        throw new WatchException($"Process {watched.Id} has ended.");
    }

    /// <summary>Waits for the first snapshot, which shows nothing yet: what is shown is how fast things go from there.</summary>
    private static async Task<Snapshot> ReadFirstAsync(WatchedProcess watched, TopOptions options, CancellationToken quit)
    {
        TimeSpan limit = options.Interval > FirstSnapshotTimeout ? options.Interval * 2 : FirstSnapshotTimeout;
        using var timeout = new CancellationTokenSource(limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, quit);
        try
        {
            await foreach (Snapshot first in watched.Snapshots.ReadAllAsync(either.Token).ConfigureAwait(false))
            {
                return first;
            }
        }
        catch (OperationCanceledException) when (!quit.IsCancellationRequested)
        {
            throw new WatchException(
                $"Process {watched.Id} showed nothing within {limit.TotalSeconds:0} s. It uses another version of the runtime or none at all, or has made neither a stream nor a pool yet.");
        }

        throw new WatchException($"Process {watched.Id} has ended.");
    }

    private static int FindOnly()
    {
        IReadOnlyList<(int Id, string Command)> found = RuntimeProcesses.Find();
        return found.Count switch
        {
            1 => found[0].Id,
            0 => throw new UsageException(
                "No process that uses the runtime and can be watched was found. Only processes of the same user can be, unless run as root, and none that has "
                + "DOTNET_EnableDiagnostics=0 or another TMPDIR. One that is published as a single file has to be named by its number."),
            _ => throw new UsageException("Several processes use the runtime; name one by its number:" + string.Concat(found.Select(p => $"\n  {p.Id}  {p.Command}"))),
        };
    }

    /// <summary>Listens to the keyboard, on a thread that the process does not wait for.</summary>
    private static void ListenForQuit(CancellationTokenSource quit) => new Thread(() =>
    {
        while (Console.ReadKey(intercept: true).KeyChar is not ('q' or 'Q'))
        {
        }

        quit.Cancel();
    })
    { IsBackground = true, Name = "keys" }.Start();
}
