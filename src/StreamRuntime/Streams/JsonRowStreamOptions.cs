using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamRuntime.Resuming;

namespace StreamRuntime.Streams;

/// <summary>How one stream behaves. Checked once when a stream is made from it; immutable and safe to share.</summary>
public sealed record JsonRowStreamOptions
{
    /// <summary>The smallest <see cref="MaxBufferedBytes"/>: room for a batch of small rows.</summary>
    public const int SmallestMaxBufferedBytes = 4 * 1024;

    /// <summary>The largest row any source could carry: PostgreSQL's own limit on a value, 1 GiB, less room for framing.</summary>
    public const int LargestMaxRowBytes = 1024 * 1024 * 1024 - 64 * 1024;

    /// <summary>The options used where none are given.</summary>
    public static JsonRowStreamOptions Default { get; } = new();

    /// <summary>
    /// What the stream is called where streams are listed for people, as by <c>streamrt top</c>. Must not hold secrets. Null by default, for what its source says of itself
    /// (<see cref="IRowSource.Description"/>).
    /// </summary>
    public string? Name { get; init; }

    /// <summary>
    /// How many received bytes are held at once. From 4 KiB to 1 GiB; 128 KiB by default, past which larger receives no longer measure faster.
    /// A row that is larger takes what it needs, up to <see cref="MaxRowBytes"/>.
    /// </summary>
    public int MaxBufferedBytes { get; init; } = 128 * 1024;

    /// <summary>The largest row, in bytes. From 1 to 1 GiB − 64 KiB; 64 MiB by default. A larger row ends the stream in an error.</summary>
    public int MaxRowBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Keeps only the rows for which it is true; the others are counted. All rows by default.</summary>
    public RowPredicate? Where { get; init; }

    /// <summary>
    /// Passes rows through that are not valid UTF-8 or hold a NUL. False by default: such a row ends the stream in an error.
    /// Either way a row can't break its format's framing.
    /// </summary>
    public bool AllowInvalidText { get; init; }

    /// <summary>How long a pause may last before the stream resumes by itself. More than zero, or infinite, which is the default.</summary>
    public TimeSpan PauseTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long a pause may last before the stream parks by itself, counted from its start. More than zero, or infinite, which is the default. Has no effect on a source that
    /// can't park, so that one set of options serves all sources.
    /// </summary>
    public TimeSpan ParkAfter { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>How resume tokens are made and read. None can be by default.</summary>
    public ResumeTokenOptions? ResumeTokens { get; init; }

    /// <summary>
    /// A token of <see cref="JsonRowStream.GetResumeToken"/>, after whose last row the stream begins; null, the default, begins at the first row. Needs
    /// <see cref="ResumeTokens"/> and a source that can park. The token is looked at when the stream is made: one that does not fit is refused there.
    /// </summary>
    public string? ResumeFrom { get; init; }

    /// <summary>
    /// How long the source may make no progress while it is being waited for: no row, and less than 64 KiB of a row under way. More than zero, or
    /// infinite; 30 s by default, as is usual for a database command. Does not run while the stream is paused or its consumer is busy.
    /// </summary>
    public TimeSpan ProgressTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the source may be waited for in all. More than zero, or infinite, which is the default. Does not run while the stream is
    /// paused or its consumer is busy.
    /// </summary>
    public TimeSpan TotalTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>The clock. The system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Takes the log of pauses, resumes and ends. Nothing is logged by default, and never a row's content.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        CheckRange(MaxBufferedBytes, SmallestMaxBufferedBytes, 1024 * 1024 * 1024);
        CheckRange(MaxRowBytes, 1, LargestMaxRowBytes);
        CheckTimeout(PauseTimeout);
        CheckTimeout(ParkAfter);
        CheckTimeout(ProgressTimeout);
        CheckTimeout(TotalTimeout);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(Logger);
        ResumeTokens?.Validate();
        if (ResumeFrom is not null && ResumeTokens is null)
        {
            throw new ArgumentException($"{nameof(ResumeFrom)} needs {nameof(ResumeTokens)}, which say how tokens are read.");
        }
    }

    internal static void CheckTimeout(TimeSpan value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value.TotalMilliseconds > uint.MaxValue - 1))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be more than zero and at most 49 days, or Timeout.InfiniteTimeSpan.");
        }
    }

    private static void CheckRange(int value, int least, int most, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most} bytes.");
        }
    }
}
