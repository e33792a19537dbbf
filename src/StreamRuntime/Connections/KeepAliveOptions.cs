using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace StreamRuntime.Connections;

/// <summary>How long a connection is kept while nobody uses it. Checked once when a <see cref="KeepAlive"/> is made from it; immutable and safe to share.</summary>
public sealed record KeepAliveOptions
{
    /// <summary>The options used where none are given.</summary>
    public static KeepAliveOptions Default { get; } = new();

    /// <summary>
    /// How long a connection may be idle before it is closed. More than zero, or infinite; 5 min by default, as in Npgsql: below the idle limits of
    /// common firewalls and load balancers.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Takes the log: refused moves at debug level, others at trace level. Nothing is logged by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        if (IdleTimeout <= TimeSpan.Zero && IdleTimeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(IdleTimeout), IdleTimeout, "IdleTimeout must be more than zero, or Timeout.InfiniteTimeSpan.");
        }

        ArgumentNullException.ThrowIfNull(Logger);
    }
}
