using System.Globalization;
using StreamRuntime.Cli.Arguments;

namespace StreamRuntime.Cli.Watching;

/// <summary>What <c>streamrt top</c> was asked to do.</summary>
internal sealed record TopOptions
{
    private const int UsualStreams = 1000;
    private const int MostStreams = 100_000;

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromHours(1);

    public static CommandSpec Command { get; } = new(
        "top",
        "streamrt top [PID] [options]",
        "Shows the streams and connections of a running process that uses the runtime, live, with its processor time and garbage collection.",
        [
            new("--interval", "TIME", "how often (default: 1s; 100ms to 1h)"),
            new("--count", "N", "ends after so many refreshes (default: when told to)"),
            new("--json", null, "one JSON object a refresh, each on a line of its own"),
            new("--max-streams", "N", $"the most streams shown, the busiest of them; sums are over all (default: {UsualStreams})"),
        ],
        """
        Without PID it watches the one process that uses the runtime, and lists them where there are several. Only processes of the same user can be watched,
        unless it runs as root, and none that was started with DOTNET_EnableDiagnostics=0. Watching a process needs nothing to be set up in it.
        On a terminal q ends. Redirected, plain lines are written. MB/s and sizes are powers of 10; cpu 100 % is one processor.
        The JSON has time, pid, intervalMs, process {cpuPercent, cpuMs, processors, workingSetBytes, heapBytes, allocatedBytes, allocatedBytesPerSecond, gcPauseMs,
        gcPausePercent, gen0Collections, gen1Collections, gen2Collections, threads, queuedWorkItems}, totals {running, paused, rows, bytes, rowsPerSecond,
        bytesPerSecond, rowsFiltered, pauses, pausedMs, bufferedBytes}, streams [{id, name, state, rows, bytes, rowsPerSecond, bytesPerSecond, rowsFiltered,
        bufferedBytes, pauses, pausedMs, pausedForMs, pauseReason, waitingMs, elapsedMs}], streamsLeftOut, and pools [{name, leased, idle, opening, closing,
        waiting, max, leases, opened, openFailures, timeouts}]. pausedForMs and pauseReason are null while a stream is not paused.
        Exit codes: 0 ended, 1 the process has ended or can't be watched, 2 wrong usage, 130 interrupted.

        examples:
          streamrt top
          streamrt top 4711 --json --count 1 | jq '.streams[] | select(.state == "Paused")'
        """);

    /// <summary>Null for the only one there is.</summary>
    public int? ProcessId { get; init; }

    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After how many refreshes to end; null for never.</summary>
    public long? Count { get; init; }

    public bool IsJson { get; init; }

    public int MaxStreams { get; init; } = UsualStreams;

    /// <exception cref="UsageException">Something does not make sense; the message says what is allowed.</exception>
    public static TopOptions From(ParsedArguments arguments)
    {
        if (arguments.Others.Count > 1)
        {
            throw new UsageException($"'streamrt top' watches one process; '{arguments.Others[1]}' is not expected.");
        }

        return new TopOptions
        {
            ProcessId = arguments.Others.Count == 0 ? null : ReadProcessId(arguments.Others[0]),
            Interval = arguments.Get("--interval") is { } interval ? ReadInterval(interval) : TimeSpan.FromSeconds(1),
            Count = arguments.Get("--count") is { } count ? ReadCount(count) : null,
            IsJson = arguments.Has("--json"),
            MaxStreams = arguments.Get("--max-streams") is { } most ? (int)Math.Min(MostStreams, Quantity.Count("--max-streams", most)) : UsualStreams,
        };
    }

    private static int ReadProcessId(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id > 0
        ? id
        : throw new UsageException($"'streamrt top' takes the number of a process, not '{text}'.");

    private static TimeSpan ReadInterval(string text)
    {
        TimeSpan interval = Quantity.Time("--interval", text);
        return interval >= ShortestInterval && interval <= LongestInterval ? interval : throw new UsageException("--interval takes a time from 100ms to 1h.");
    }

    private static long ReadCount(string text) => Quantity.Count("--count", text) is > 0 and var count ? count : throw new UsageException("--count takes 1 or more.");
}
