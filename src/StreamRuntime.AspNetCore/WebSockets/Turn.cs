namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>The right to write to a connection: one at a time, in the order of asking. It takes eight bytes while nobody waits.</summary>
/// <remarks>
/// A mutable struct, safe for any thread: hold it in a non-readonly field and never copy it. Its one field is null while the turn is free,
/// <see cref="Taken"/> while somebody has it, and the latest of those who wait while some do. They are a chain from the latest to the earliest. Only whoever has
/// the turn takes one off the chain, always its last, so the links of the others can be followed without a lock.
/// </remarks>
internal struct Turn
{
    private static readonly object Taken = new();

    private object? _state;

    public readonly bool IsFree => Volatile.Read(in _state) is null;

    public bool TryEnter() => Interlocked.CompareExchange(ref _state, Taken, null) is null;

    /// <summary>Waits for the turn, which is to be given on by <see cref="Leave"/>.</summary>
    public ValueTask EnterAsync() => TryEnter() ? default : new ValueTask(EnqueueAsync());

    public void Leave()
    {
        while (true)
        {
            object seen = Volatile.Read(ref _state)!;
            if (seen == Taken)
            {
                if (Interlocked.CompareExchange(ref _state, null, Taken) == Taken)
                {
                    return;
                }
            }
            else if (((Waiting)seen).Earlier is null)
            {
                if (Interlocked.CompareExchange(ref _state, Taken, seen) == seen)
                {
                    ((Waiting)seen).SetResult();
                    return;
                }
            }
            else
            {
                TakeEarliest((Waiting)seen).SetResult();
                return;
            }
        }
    }

    private static Waiting TakeEarliest(Waiting latest)
    {
        Waiting before = latest;
        while (before.Earlier!.Earlier is not null)
        {
            before = before.Earlier;
        }

        Waiting earliest = before.Earlier;
        before.Earlier = null;
        return earliest;
    }

    private Task EnqueueAsync()
    {
        Waiting? waiting = null;
        while (true)
        {
            object? seen = Volatile.Read(ref _state);
            if (seen is null)
            {
                if (TryEnter())
                {
                    return Task.CompletedTask;
                }

                continue;
            }

            waiting ??= new Waiting();
            waiting.Earlier = seen as Waiting;
            if (Interlocked.CompareExchange(ref _state, waiting, seen) == seen)
            {
                return waiting.Task;
            }
        }
    }

    private sealed class Waiting() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Waiting? Earlier { get; set; }
    }
}
