using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Streams;

/// <summary>The programs that are explored.</summary>
internal static class Scenarios
{
    /// <summary>Three actors of five accesses to the state and the gate.</summary>
    public static readonly Scenario[] ThreeByFive =
    [
        Make(5, Access.StateAndGate, false, Role.Pauser, Role.Resumer, Role.Reader),
        Make(5, Access.StateAndGate, false, Role.Pauser, Role.Pauser, Role.Reader),
        Make(5, Access.StateAndGate, false, Role.Pauser, Role.Completer, Role.Reader),
        Make(5, Access.StateAndGate, false, Role.Pauser, Role.Resumer, Role.Failer),
        Make(5, Access.StateAndGate, false, Role.Pauser, Role.Completer, Role.Failer),
        Make(5, Access.StateAndGate, true, Role.Holder, Role.Resumer, Role.Reader),
        Make(5, Access.StateAndGate, true, Role.Timer, Role.Resumer, Role.Reader),
        Make(5, Access.StateAndGate, true, Role.Timer, Role.Resumer, Role.Pauser),
        Make(5, Access.StateAndGate, true, Role.Timer, Role.Failer, Role.Reader),
        Make(5, Access.StateAndGate, true, Role.Resumer, Role.Disposer, Role.Reader),
        Make(5, Access.Handshake, false, Role.Pauser, Role.Holder, Role.Reader),
    ];

    /// <summary>Two actors of eight accesses, the reader's mark and the start of a receive included.</summary>
    public static readonly Scenario[] TwoByEight =
    [
        Make(8, Access.Handshake, false, Role.Holder, Role.Reader),
        Make(8, Access.Handshake, false, Role.Holder, Role.Resumer),
        Make(8, Access.Handshake, false, Role.Holder, Role.Completer),
        Make(8, Access.Handshake, false, Role.Holder, Role.Holder),
        Make(8, Access.Handshake, true, Role.Holder, Role.Reader),
        Make(8, Access.Handshake, true, Role.Resumer, Role.Reader),
        Make(8, Access.Handshake, true, Role.Timer, Role.Reader),
        Make(8, Access.Handshake, true, Role.Failer, Role.Reader),
        Make(8, Access.Handshake, true, Role.Disposer, Role.Reader),
    ];

    /// <summary>One operation each, with a yield before leaving the lock as well.</summary>
    public static readonly Scenario[] Exhaustive =
    [
        Make(1, Access.Handshake | Access.Unlock, false, Role.Holder, Role.Reader),
        Make(1, Access.Handshake | Access.Unlock, false, Role.Holder, Role.Holder),
        Make(1, Access.Handshake | Access.Unlock, false, Role.Holder, Role.Completer),
        Make(1, Access.Handshake | Access.Unlock, true, Role.Resumer, Role.Reader),
        Make(1, Access.Handshake | Access.Unlock, true, Role.Timer, Role.Reader),
        Make(1, Access.Handshake | Access.Unlock, true, Role.Completer, Role.Reader),
        Make(1, Access.Handshake | Access.Unlock, true, Role.Resumer, Role.Timer),
        Make(1, Access.StateAndGate, true, Role.Disposer, Role.Reader),
        Make(1, Access.StateAndGate, false, Role.Pauser, Role.Pauser, Role.Reader),
        Make(1, Access.StateAndGate, false, Role.Pauser, Role.Resumer, Role.Reader),
        Make(1, Access.StateAndGate, false, Role.Pauser, Role.Completer, Role.Reader),
        Make(1, Access.StateAndGate, false, Role.Pauser, Role.Completer, Role.Failer),
        Make(1, Access.StateAndGate, true, Role.Resumer, Role.Timer, Role.Reader),
        Make(1, Access.StateAndGate, true, Role.Resumer, Role.Timer, Role.Pauser),
        Make(1, Access.StateAndGate, true, Role.Holder, Role.Resumer, Role.Reader),
        Make(1, Access.State | Access.Phase | Access.Receive | Access.Barrier, false, Role.Pauser, Role.Holder, Role.Reader),
    ];

    /// <summary>As <see cref="Exhaustive"/>, with more places to yield: minutes instead of seconds.</summary>
    public static readonly Scenario[] LongExhaustive =
    [
        Make(1, Access.All, false, Role.Holder, Role.Reader),
        Make(1, Access.All, true, Role.Disposer, Role.Reader),
        Make(1, Access.StateAndGate | Access.Unlock, true, Role.Resumer, Role.Timer, Role.Reader),
        Make(1, Access.StateAndGate | Access.Unlock, false, Role.Pauser, Role.Completer, Role.Reader),
    ];

    private static Scenario Make(int steps, Access accesses, bool beginsPaused, params Role[] roles) => new(
        $"{(beginsPaused ? "paused" : "running")}: {string.Join(" × ", roles)}; {accesses}",
        roles.Length,
        steps,
        accesses,
        () => new StreamModel(steps, beginsPaused, roles));
}
