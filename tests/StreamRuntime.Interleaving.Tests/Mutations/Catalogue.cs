namespace StreamRuntime.Interleaving.Tests.Mutations;

/// <summary>The machine's known ways to go wrong. Each must be found.</summary>
internal static class Catalogue
{
    private const string Cell = "StreamStateCell.cs";
    private const string Gate = "PauseGate.cs";
    private const string Pausing = "JsonRowStream.Pausing.cs";
    private const string Reading = "JsonRowStream.Reading.cs";
    private const string Ending = "JsonRowStream.Ending.cs";

    private const string Edges = "    private static ReadOnlySpan<byte> Edges";
    private const string TryMove = "    public bool TryMove(";
    private const string TryEnd = "    public bool TryEnd(";
    private const string Compare = "return Interlocked.CompareExchange(ref _value, (byte)to, (byte)from) == (byte)from;";
    private const string GatePause = "    public bool TryPause(";
    private const string GateResume = "    public bool TryResume(";
    private const string GateTimeout = "    public bool TryResumeAfterTimeout(";
    private const string GateWait = "    public Task WaitAsync(";
    private const string StreamPauseAsync = "    public Task PauseAsync(";
    private const string StreamPause = "    public bool TryPause(";
    private const string Receive = "    private async ValueTask<bool> ReadBatchCoreAsync(";
    private const string End = "    private bool End(";

    private const string WaitReturn = "return _open.WaitAsync(cancellationToken);";
    private const string EndMove = "if (!_state.TryEnd(end))";
    private const string OpenGate = "Volatile.Read(ref _gate)?.Open();";

    public static readonly Mutation[] All =
    [
        .. Table("/* Running   */ 1 << (int)StreamState.Paused | Ended,", "1 << (int)StreamState.Paused | Ended"),
        .. Table("/* Paused    */ 1 << (int)StreamState.Running | Ended,", "1 << (int)StreamState.Running | Ended"),
        .. Table("/* Complete  */ 0,", "0"),
        .. Table("/* Error     */ 0,", "0"),
        new("a move is a blind store", new Edit(Cell, TryMove, Compare, "Volatile.Write(ref _value, (byte)to); return true;")),
        new("a move looks first and stores then", new Edit(Cell, TryMove, Compare, "if (Value != from) { return false; } Volatile.Write(ref _value, (byte)to); return true;")),
        new("a move says that it won although it lost", new Edit(Cell, TryMove, Compare, "Interlocked.CompareExchange(ref _value, (byte)to, (byte)from); return true;")),
        new("an end gives up after one lost exchange", new Edit(Cell, TryEnd, "if (TryMove(seen, end))", "if (!TryMove(seen, end)) { return false; }")),
        new("an end is a store over whatever is there", new Edit(Cell, TryEnd, "if (TryMove(seen, end))", "Volatile.Write(ref _value, (byte)end);")),
        new("an end opens no gate", new Edit(Ending, End, OpenGate, "")),
        new("an end opens the gate before it ends", new Edit(Ending, End, OpenGate, ""), new Edit(Ending, End, EndMove, OpenGate + EndMove)),
        new("an end looks for the gate before it ends", new Edit(Ending, End, EndMove, "PauseGate? early = Volatile.Read(ref _gate);" + EndMove), new Edit(Ending, End, OpenGate, "early?.Open();")),
        new("an end sets nobody free", new Edit(Gate, "    public void Open(", "Wake(wake);", "")),
        new("a resume sets nobody free", new Edit(Gate, GateResume, "Wake(wake);", "")),
        new("a resume sets free before it moves", new Edit(Gate, GateResume, "wake = OpenLocked();", ""), new Edit(Gate, GateResume, "Wake(wake);", ""), new Edit(Gate, GateResume, "bool wake;", "bool wake; lock (_open) { wake = OpenLocked(); } Wake(wake);")),
        new("a resume moves outside of the lock", new Edit(Gate, GateResume, "bool wake;", "bool wake; bool moved = state.TryMove(StreamState.Paused, StreamState.Running);"), new Edit(Gate, GateResume, "!state.TryMove(StreamState.Paused, StreamState.Running)", "!moved")),
        new("a resume forgets the waiter", new Edit(Gate, "    private bool OpenLocked(", "bool wake = _isWaiting;", "bool wake = false;")),
        new("a timeout sets nobody free", new Edit(Gate, GateTimeout, "Wake(wake);", "")),
        new("a timeout resumes in a lock of its own", new Edit(Gate, GateTimeout, "            // Under the same lock", "        }\n\n        lock (_open)\n        {\n            // Under the same lock")),
        new("a timeout resumes whatever pause it meets", new Edit(Gate, GateTimeout, "if (lasted < _timeout)", "if (false)")),
        new("a pause moves before the lock", new Edit(Gate, GatePause, "        lock (_open)", "        bool moved = state.TryMove(StreamState.Running, StreamState.Paused);\n        lock (_open)"), new Edit(Gate, GatePause, "!state.TryMove(StreamState.Running, StreamState.Paused)", "!moved")),
        new("a pause writes down what it lost", new Edit(Gate, GatePause, "            if (!state.TryMove", "            _isPaused = true;\n            _count++;\n            if (!state.TryMove"), new Edit(Gate, GatePause, "            _count++;\n            ArmLocked", "            ArmLocked")),
        new("a waiter is not written down", new Edit(Gate, GateWait, "_isWaiting = true;", "")),
        new("a waiter is written down in a lock of its own", new Edit(Gate, GateWait, "_isWaiting = true;", ""), new Edit(Gate, GateWait, WaitReturn, "Task waiting = _open.WaitAsync(cancellationToken); System.Threading.Monitor.Exit(_open); bool taken = false; System.Threading.Monitor.Enter(_open, ref taken); _isWaiting = true; return waiting;")),
        new("a waiter does not look again under the lock", new Edit(Gate, GateWait, "state.Value != StreamState.Paused", "state.Value == (StreamState)byte.MaxValue")),
        new("a waiter looks again before the lock", new Edit(Gate, GateWait, "        lock (_open)", "        StreamState early = state.Value;\n        lock (_open)"), new Edit(Gate, GateWait, "state.Value != StreamState.Paused", "early != StreamState.Paused")),
        new("a waiter does not wait", new Edit(Gate, GateWait, WaitReturn, "return Task.CompletedTask;")),
        new("a waiter can't be stopped", new Edit(Gate, GateWait, "_open.WaitAsync(cancellationToken)", "_open.WaitAsync(CancellationToken.None)")),
        new("the gate is published after the state", new Edit(Pausing, StreamPause, "if (!EnsureGate().TryPause(ref _state, record, PauseTimedOut, this))", "if (!_state.TryMove(StreamState.Running, StreamState.Paused))"), new Edit(Pausing, StreamPause, "        StreamLog.Paused", "        EnsureGate();\n        StreamLog.Paused")),
        new("the gate is published blindly", new Edit(Pausing, "    private PauseGate EnsureGate(", "return Interlocked.CompareExchange(ref _gate, made, null) ?? made;", "Volatile.Write(ref _gate, made); return made;")),
        new("the loser of making the gate uses its own", new Edit(Pausing, "    private PauseGate EnsureGate(", "return Interlocked.CompareExchange(ref _gate, made, null) ?? made;", "Interlocked.CompareExchange(ref _gate, made, null); return made;")),
        new("a pause that lost does not wait for the reader", new Edit(Pausing, StreamPauseAsync, "            StreamState seen = State;", "            StreamState seen = State;\n            if (seen == StreamState.Paused) { return Task.CompletedTask; }")),
        new("a pause does not wait for the reader", new Edit(Pausing, StreamPauseAsync, "Volatile.Read(ref _phase) == Deciding", "false")),
        new("a pause looks for the reader before it moves", new Edit(Pausing, StreamPauseAsync, "        if (!TryPause(reason))", "        bool deciding = Volatile.Read(ref _phase) == Deciding;\n        if (!TryPause(reason))"), new Edit(Pausing, StreamPauseAsync, "Volatile.Read(ref _phase) == Deciding ?", "deciding ?")),
        new("a reader takes the gate before it looks", new Edit(Reading, Receive, "StreamState state = _state.Value;", "PauseGate? early = Volatile.Read(ref _gate);\nStreamState state = _state.Value;"), new Edit(Reading, Receive, "await WaitWhilePausedAsync(stop)", "await early!.WaitAsync(ref _state, stop)")),
        new("a reader that has no gate at the start never pauses", new Edit(Reading, Receive, "        bool silent = false;", "        bool silent = false;\n        PauseGate? early = Volatile.Read(ref _gate);"), new Edit(Reading, Receive, "state != StreamState.Running ||", "(state != StreamState.Running && early is not null) ||")),
        new("a reader marks itself after its look", new Edit(Reading, Receive, "                Volatile.Write(ref _phase, Deciding);\n                StreamState state = _state.Value;", "                StreamState state = _state.Value;\n                Volatile.Write(ref _phase, Deciding);")),
        new("a reader never marks itself", new Edit(Reading, Receive, "Volatile.Write(ref _phase, Deciding);", "")),
        new("a reader unmarks itself before its receive has started", new Edit(Reading, Receive, "ValueTask<bool> receive = _source", "Volatile.Write(ref _phase, Receiving);\nValueTask<bool> receive = _source")),
        new("a reader at the gate stays marked", new Edit(Reading, Receive, "Volatile.Write(ref _phase, Outside);\n                    if (state is (", "if (state is (")),
        new("a reader receives while paused", new Edit(Reading, Receive, "state != StreamState.Running ||", "state is StreamState.Complete or StreamState.Error ||")),
        new("a reader does not look again after the gate", new Edit(Reading, Receive, "StreamState state = _state.Value;", "StreamState state = waited ? StreamState.Running : _state.Value;"), new Edit(Reading, Receive, "        bool silent = false;", "        bool silent = false;\n        bool waited = false;"), new Edit(Reading, Receive, "_clock?.Progressed();", "waited = true;")),
    ];

    // Each bit of one row of the table, the other way round.
    private static IEnumerable<Mutation> Table(string row, string bits) =>
        from to in Enum.GetValues<Streams.StreamState>()
        select new Mutation($"{row[3..11]} → {to} is the other way round", true, new Edit(Cell, Edges, row, $"{row[..15]} ({bits}) ^ 1 << {(int)to},"));
}
