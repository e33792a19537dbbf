using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace StreamRuntime.Connections;

/// <summary>How a <see cref="ConnectionPool{TConnection}"/> behaves.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed record ConnectionPoolOptions
{
    /// <summary>The defaults.</summary>
    public static ConnectionPoolOptions Default { get; } = new();

    /// <summary>The name by which the pool shows in logs and metrics. Must not hold secrets. <c>default</c> by default.</summary>
    public string Name { get; init; } = "default";

    /// <summary>How many connections are kept open once the pool was first used; from 0 to <see cref="MaxSize"/>. 0 by default.</summary>
    public int MinSize { get; init; }

    /// <summary>How many connections there may be in all: leased, idle and opening. From 1 to 100 000; 100 by default, PostgreSQL's own default limit.</summary>
    public int MaxSize { get; init; } = 100;

    /// <summary>How long a lease may wait for a connection. More than zero, or infinite. 15 s by default.</summary>
    public TimeSpan LeaseTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a connection may be idle before it is closed. Where that leaves fewer than <see cref="MinSize"/>, another is opened in its place, since a firewall may have
    /// forgotten the old one without a word. More than zero, or infinite. 5 min by default.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How old a connection may become; an older one is closed when it is next idle. Each gets up to a tenth less, so that connections opened together are not
    /// closed together. More than zero, or infinite. 1 h by default, so that servers added behind a name or a balancer get their share.
    /// </summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// A connection that was idle for at least this long is looked at (<see cref="IPooledConnection.IsUsable"/>) before it is handed out. Zero looks at
    /// every one; 500 ms by default.
    /// </summary>
    public TimeSpan UsableWithoutLook { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The clock. The system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where connections opened, closed and lost are logged. Nowhere by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Says which option can't be used, if one can't.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>; the message names the option and its range.</exception>
    public void Validate()
    {
        Check(!string.IsNullOrEmpty(Name), "Name must not be empty.");
        Check(MaxSize is >= 1 and <= 100_000, "MaxSize must be from 1 to 100000.");
        Check(MinSize >= 0 && MinSize <= MaxSize, "MinSize must be from 0 to MaxSize.");
        Check(IsTimeout(LeaseTimeout), "LeaseTimeout must be more than zero, or infinite.");
        Check(IsTimeout(IdleTimeout), "IdleTimeout must be more than zero, or infinite.");
        Check(IsTimeout(MaxLifetime), "MaxLifetime must be more than zero, or infinite.");
        Check(UsableWithoutLook >= TimeSpan.Zero, "UsableWithoutLook must not be negative.");
    }

    private static bool IsTimeout(TimeSpan value) => value == Timeout.InfiniteTimeSpan || value > TimeSpan.Zero;

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, message);
        }
    }
}
