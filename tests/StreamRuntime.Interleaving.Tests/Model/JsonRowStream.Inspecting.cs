using System.Runtime.CompilerServices;
using StreamRuntime.Interleaving.Tests.Scheduling;

namespace StreamRuntime.Streams;

// In the runtime's namespace, as the part of a partial class must be: looks inside without an access of its own, and calls what has no public way in.
public sealed partial class JsonRowStream
{
    internal StreamState StateNow => (StreamState)StateByte;

    internal PauseGate? GateNow => _gate;

    private ref byte StateByte => ref Unsafe.As<StreamStateCell, byte>(ref _state);

    internal Access KindOf(ref readonly byte location) =>
        Unsafe.AreSame(in location, in StateByte) ? Access.State
        : Unsafe.AreSame(in location, in _phase) ? Access.Phase
        : Access.Ending;

    internal bool TryEnd(StreamState end) => End(end);

    internal void LetPauseTimeOut() => PauseTimedOut(this);
}
