namespace StreamRuntime.Interleaving.Tests.Scheduling;

/// <summary>What an actor is about to touch. A scenario names the kinds before which its actors yield; all others belong to the step before.</summary>
[Flags]
internal enum Access
{
    None = 0,

    /// <summary>The state byte.</summary>
    State = 1,

    /// <summary>The reference to the gate, its semaphore, and entering its lock.</summary>
    Gate = 2,

    /// <summary>Leaving the gate's lock. What the lock guards is touched inside it only, so this matters to code that breaks that rule.</summary>
    Unlock = 4,

    /// <summary>The reader's mark.</summary>
    Phase = 8,

    /// <summary>The start of a receive.</summary>
    Receive = 16,

    /// <summary>The pauser's process-wide barrier.</summary>
    Barrier = 32,

    /// <summary>Stop reasons, the reader's lease and disposal.</summary>
    Ending = 64,

    StateAndGate = State | Gate,
    Handshake = StateAndGate | Phase | Receive | Barrier,
    All = Handshake | Unlock | Ending,
}
