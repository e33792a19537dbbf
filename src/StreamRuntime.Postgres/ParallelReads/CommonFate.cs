using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>What the separate streams of one read have in common: when one fails or is given up, all end with that.</summary>
/// <remarks>Thread-safe.</remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "A source of cancellation without a timer, whose wait handle is never asked for, holds nothing to dispose.")]
internal sealed class CommonFate(int users)
{
    private readonly CancellationTokenSource _stop = new();
    private ExceptionDispatchInfo? _failure;
    private int _users = users;

    /// <summary>Cancelled when one has failed.</summary>
    public CancellationToken Stop => _stop.Token;

    public bool IsFailed => Volatile.Read(ref _failure) is not null;

    /// <summary>Ends all; the first failure counts.</summary>
    public void Fail(Exception failure)
    {
        if (Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null) is null)
        {
            _stop.Cancel();
        }
    }

    public void ThrowIfFailed() => Volatile.Read(ref _failure)?.Throw();

    /// <summary>Called by each stream when it has let go.</summary>
    /// <returns>True for the last one.</returns>
    public bool Leave() => Interlocked.Decrement(ref _users) == 0;
}
