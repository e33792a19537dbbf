namespace StreamRuntime.Streams;

/// <summary>Keeps readers of one stream apart, and lets a disposer wait for the read under way.</summary>
/// <remarks>
/// A mutable struct: hold it in a non-readonly field and never copy it. Every change is one exchange. A reader that meets somebody who is inside briefly waits for him on
/// the spot; one that meets another reader is turned away.
/// </remarks>
internal struct ReaderLease
{
    private const int Free = 0;
    private const int Reading = 1;
    private const int Closed = 2;
    private const int ReadingThenClosed = 3;
    private const int Brief = 4;

    private int _state;
    private TaskCompletionSource? _closed;

    /// <summary>True for the one reader let in; the caller ends its read with <see cref="Exit"/>.</summary>
    public bool TryEnter()
    {
        int seen = Interlocked.CompareExchange(ref _state, Reading, Free);
        return seen == Free || (seen == Brief && TryEnterAfterBrief(Reading));
    }

    public readonly bool IsClosed => Volatile.Read(in _state) is Closed or ReadingThenClosed;

    /// <summary>True for the one who keeps readers waiting for a moment in which he waits for nothing; he ends it with <see cref="ExitBriefly"/>.</summary>
    public bool TryEnterBriefly()
    {
        int seen = Interlocked.CompareExchange(ref _state, Brief, Free);
        return seen == Free || (seen == Brief && TryEnterAfterBrief(Brief));
    }

    // Nobody leaves this state but who entered it.
    public void ExitBriefly() => Interlocked.Exchange(ref _state, Free);

    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Free, Reading) != Reading)
        {
            Volatile.Write(ref _state, Closed);
            _closed!.TrySetResult();
        }
    }

    /// <summary>Lets no reader in from now on; completes when none is inside. Called once.</summary>
    public Task CloseAsync()
    {
        int seen = Interlocked.CompareExchange(ref _state, Closed, Free);
        if (seen == Free || (seen == Brief && TryEnterAfterBrief(Closed)))
        {
            return Task.CompletedTask;
        }

        // Published before the state says that somebody waits for it.
        _closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _state, ReadingThenClosed, Reading) == Reading)
        {
            return _closed.Task;
        }

        // The reader left in between, and no other can have come: had one entered, the exchange above would have found it.
        return CloseAsync();
    }

    private bool TryEnterAfterBrief(int entered)
    {
        var spin = default(SpinWait);
        int seen;
        do
        {
            spin.SpinOnce();
            seen = Interlocked.CompareExchange(ref _state, entered, Free);
        }
        while (seen == Brief);

        return seen == Free;
    }
}
