using System.Diagnostics.CodeAnalysis;
using StreamRuntime.Timing;

namespace StreamRuntime.Connections;

/// <summary>Keeps up one connection to a server: makes it, tries again when that fails, and gives it up when told to.</summary>
/// <remarks>
/// <para>
/// Thread-safe and without locks. Of two actions that exclude each other one happens; the other is refused, changes nothing and returns false.
/// Openers run on the thread pool, so none holds up anything here.
/// </para>
/// <para>
/// An attempt that is given up, by a timeout, a reset or a disposal, has its token cancelled and is not waited for. A connection that it still brings
/// is closed at once, whatever has become of the link since.
/// </para>
/// </remarks>
/// <typeparam name="TEndpoint">What names the server.</typeparam>
/// <typeparam name="TConnection">The connection.</typeparam>
public sealed partial class Link<TEndpoint, TConnection> : IAsyncDisposable
    where TEndpoint : notnull
    where TConnection : class, IAsyncDisposable
{
    /*
     * The whole link is one immutable snapshot. The reducer says what comes after it, one compare-and-swap puts it there, and whoever wins that runs
     * the effect. An attempt or a back-off is part of the snapshot that began it and carries its own identity: its result counts only while it is still
     * part of the current one. That is all there is to ignoring late results, and effects may run in any order: a start that comes after the end of its
     * own attempt finds it abandoned.
     */
    private readonly Func<LinkAttempt<TEndpoint>, CancellationToken, ValueTask<TConnection>> _open;
    private readonly TimingWheel _wheel;
    private readonly LinkOptions _options;
    private readonly long _jitterSeed;
    private Snapshot _snapshot = new(null, null, null, null, IsDisposed: false);
    private long _accepted;
    private long _refused;
    private long _attempts;
    private long _lateResults;
    private long _backOffs;

    /// <summary>Makes a link; nothing is connected yet.</summary>
    /// <param name="open">Makes a connection, or throws. Its token is cancelled when the attempt is given up.</param>
    /// <param name="wheel">The clock, and who watches the timeouts and waits.</param>
    /// <param name="options">How often to try.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Link(
        Func<LinkAttempt<TEndpoint>, CancellationToken, ValueTask<TConnection>> open, TimingWheel wheel, LinkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(wheel);
        _open = open;
        _wheel = wheel;
        _options = options ?? LinkOptions.Default;
        _options.Validate();
        _jitterSeed = _options.JitterSeed ?? Random.Shared.NextInt64();
    }

    /// <summary>Where the link stands; null before the first <see cref="TryConnect"/>.</summary>
    public LinkState<TEndpoint>? State => Volatile.Read(ref _snapshot).State;

    /// <summary>The connection while there is one.</summary>
    public TConnection? Connection => Volatile.Read(ref _snapshot).Connection;

    /// <summary>Starts to connect, unless that is under way or done.</summary>
    /// <param name="endpoint">The server.</param>
    /// <returns>True if it was started; <see cref="GetConnectionAsync"/> has the outcome.</returns>
    public bool TryConnect(TEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return TryDispatch(LinkAction<TEndpoint>.Connect(endpoint, _options.MaxAttempts), out _);
    }

    /// <summary>The connection, as soon as there is one.</summary>
    /// <param name="cancellationToken">Ends the wait, not the attempts.</param>
    /// <exception cref="InvalidOperationException">No connection is being made.</exception>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Timeout"/>: the last attempt took too long. Kind <see cref="ErrorKind.ConnectFailed"/>: the link was reset meanwhile.
    /// </exception>
    /// <exception cref="Exception">Whatever the last attempt threw, as it is.</exception>
    /// <exception cref="ObjectDisposedException">The link is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<TConnection> GetConnectionAsync(CancellationToken cancellationToken = default)
    {
        Snapshot seen = Volatile.Read(ref _snapshot);
        ObjectDisposedException.ThrowIf(seen.IsDisposed, this);
        return seen.Outcome is { } outcome
            ? outcome.Task.WaitAsync(cancellationToken)
            : throw new InvalidOperationException("The link is not connected, and is not being connected either.");
    }

    /// <summary>Closes the connection, if there is one.</summary>
    /// <returns>True when it is closed; false if there was none.</returns>
    public async ValueTask<bool> DisconnectAsync()
    {
        if (!TryDispatch(LinkAction<TEndpoint>.Disconnect, out Snapshot before))
        {
            return false;
        }

        await before.Connection!.DisposeAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Gives up whatever the link has or does: an attempt, a wait for the next one, a failure, or the connection, which is closed.</summary>
    /// <returns>True once the link is disconnected; false if it was never connected, or is disposed.</returns>
    public async ValueTask<bool> ResetAsync()
    {
        if (!TryDispatch(LinkAction<TEndpoint>.Reset, out Snapshot before))
        {
            return false;
        }

        before.Fail(new StreamRuntimeException(ErrorKind.ConnectFailed, "The link was reset before it was connected.", isTransient: true));
        if (before.Connection is { } connection)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>What the link has been through.</summary>
    public LinkStatistics GetStatistics() => new(
        Interlocked.Read(ref _accepted), Interlocked.Read(ref _refused), Interlocked.Read(ref _attempts), Interlocked.Read(ref _lateResults));

    /// <summary>
    /// Gives everything up, closes the connection, and lets no further attempt begin: once it has returned, every opener has seen its token cancelled.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Snapshot before;
        LinkState<TEndpoint>? end;
        do
        {
            before = Volatile.Read(ref _snapshot);
            if (before.IsDisposed)
            {
                return;
            }

            end = before.State is null ? null : LinkState<TEndpoint>.Disconnected(_wheel.Clock.Now);
        }
        while (!TryReplace(before, new Snapshot(end, null, null, null, IsDisposed: true)));

        if (end is not null)
        {
            Observe(before.State, end);
        }

        before.Work?.Abandon();
        before.Fail(new ObjectDisposedException(nameof(Link<,>)));
        if (before.Connection is { } connection)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private bool TryDispatch(in LinkAction<TEndpoint> action, out Snapshot before)
    {
        if (TryDispatch(action, null, null, out before, out _))
        {
            return true;
        }

        Interlocked.Increment(ref _refused);
        if (TransitionMetrics.IsListenedTo)
        {
            TransitionMetrics.WasRefused(before.State?.Status, action.Kind);
        }

        LinkLog.Refused(_options.Logger, action.Kind, before.State?.Status);
        return false;
    }

    /// <summary>Makes the transition that an action leads to, and has its effect run, or returns false if it leads to none.</summary>
    /// <param name="action">What happens.</param>
    /// <param name="from">The work whose result it is, which must still be under way; null for a caller's action.</param>
    /// <param name="connection">What the work brought.</param>
    /// <param name="before">The snapshot that was replaced, or that stood in the way.</param>
    /// <param name="after">The new one.</param>
    private bool TryDispatch(in LinkAction<TEndpoint> action, Work? from, TConnection? connection, out Snapshot before, [NotNullWhen(true)] out Snapshot? after)
    {
        LinkStep<TEndpoint> step;
        do
        {
            after = null;
            before = Volatile.Read(ref _snapshot);
            if (before.IsDisposed || (from is not null && from != before.Work))
            {
                return false;
            }

            step = LinkReducer.Reduce(before.State, action, _wheel.Clock.Now);
            if (!step.IsEnabled)
            {
                return false;
            }

            after = Follow(before, step, connection);
        }
        while (!TryReplace(before, after));

        Interlocked.Increment(ref _accepted);
        Observe(before.State, step.State!);
        LinkLog.Moved(_options.Logger, action.Kind, before.State?.Status, step.State!.Status);
        before.Work?.Abandon();
        after.Work?.Start();
        return true;
    }

    // Makes no more than objects: none of them does anything before its snapshot has won.
    private Snapshot Follow(Snapshot before, in LinkStep<TEndpoint> step, TConnection? connection)
    {
        LinkState<TEndpoint> state = step.State!;
        return step.Effect switch
        {
            // Whoever waits through the retries of a link goes on waiting when it is connected anew.
            LinkEffect.StartConnecting => new(state, new Opening(this, state), null, before.IsWaitedFor ? before.Outcome : NewOutcome(), false),
            LinkEffect.DispatchRetry => new(state, new BackOff(this, state), null, before.Outcome, false),
            LinkEffect.None => new(state, null, connection, before.Outcome, false),
            _ => new(state, null, null, null, false),
        };
    }

    private static void Observe(LinkState<TEndpoint>? before, LinkState<TEndpoint> after)
    {
        if (TransitionMetrics.IsListenedTo)
        {
            TransitionMetrics.Moved(before?.Status, after.Status, before is null ? TimeSpan.Zero : MonotonicClock.Between(before.Since, after.Since));
        }
    }

    private bool TryReplace(Snapshot before, Snapshot after) => Interlocked.CompareExchange(ref _snapshot, after, before) == before;

    private static TaskCompletionSource<TConnection> NewOutcome() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A link at one moment.</summary>
    /// <param name="State">Its state.</param>
    /// <param name="Work">The attempt or wait under way.</param>
    /// <param name="Connection">The connection.</param>
    /// <param name="Outcome">What callers wait for, from the first attempt to the end of the connection or of the last attempt.</param>
    /// <param name="IsDisposed">Nothing follows.</param>
    private sealed record Snapshot(
        LinkState<TEndpoint>? State, Work? Work, TConnection? Connection, TaskCompletionSource<TConnection>? Outcome, bool IsDisposed)
    {
        public bool IsWaitedFor => Work is not null;

        public void Fail(Exception error)
        {
            // Seen here, in case nobody waits: a failure nobody asked about is no unobserved one.
            if (Outcome is { } outcome && outcome.TrySetException(error))
            {
                _ = outcome.Task.Exception;
            }
        }
    }

    /// <summary>What goes on without a caller.</summary>
    private abstract class Work
    {
        /// <summary>Begins, unless it was abandoned before.</summary>
        public abstract void Start();

        /// <summary>Ends what is left of it; nothing is left of work that is done.</summary>
        public abstract void Abandon();
    }
}
