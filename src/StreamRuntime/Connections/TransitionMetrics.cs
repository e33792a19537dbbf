using System.Diagnostics;
using System.Diagnostics.Metrics;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.Connections;

/// <summary>Counts what the connections' state machines do and refuse to do, and how long they are in each state.</summary>
/// <remarks>
/// Counted where it happens and only while somebody listens: a count of our own for everybody would be one more word that all threads write to, on a path that costs
/// a nanosecond.
/// </remarks>
internal static class TransitionMetrics
{
    private const string Accepted = "accepted";
    private const string Refused = "refused";

    // The states' names are looked up here, so that a measurement makes no string.
    private static readonly string[] KeepAliveStates = ["active", "idle", "error"];
    private static readonly string[] LinkStates = ["disconnected", "connecting", "connected", "connection_failed"];

    private static readonly Counter<long> Transitions = RuntimeMeter.Instance.CreateCounter<long>(
        "streamruntime.connection.transitions", "{transition}", "The number of moves from one state to another that were made or refused.");

    private static readonly Counter<double> Times = RuntimeMeter.Instance.CreateCounter<double>(
        "streamruntime.connection.state.time", "s", "The time that was spent in a state, counted when it is left.");

    public static bool IsListenedTo => Transitions.Enabled || Times.Enabled;

    public static void Moved(KeepAliveState from, KeepAliveState to, TimeSpan time)
    {
        Count("keep_alive", Name(from), Name(to), Accepted);
        Spend("keep_alive", Name(from), time);
    }

    public static void Touched() => Count("keep_alive", Name(KeepAliveState.Active), Name(KeepAliveState.Active), Accepted);

    public static void WasRefused(KeepAliveState from, KeepAliveState to) => Count("keep_alive", Name(from), Name(to), Refused);

    /// <param name="from">Null is no link yet.</param>
    /// <param name="to">The state after.</param>
    /// <param name="time">How long it was in the state before.</param>
    public static void Moved(LinkStatus? from, LinkStatus to, TimeSpan time)
    {
        Count("link", Name(from), Name(to), Accepted);
        if (from is not null)
        {
            Spend("link", Name(from), time);
        }
    }

    public static void WasRefused(LinkStatus? from, LinkActionKind action) => Count("link", Name(from), Name(Target(action)), Refused);

    private static LinkStatus Target(LinkActionKind action) => action switch
    {
        LinkActionKind.Connect or LinkActionKind.Retry => LinkStatus.Connecting,
        LinkActionKind.Connected => LinkStatus.Connected,
        LinkActionKind.ConnectionFailed => LinkStatus.ConnectionFailed,
        _ => LinkStatus.Disconnected,
    };

    // A caller may ask for a state that there is none of.
    private static string Name(KeepAliveState state) => (int)state < KeepAliveStates.Length ? KeepAliveStates[(int)state] : "unknown";

    private static string Name(LinkStatus? status) => status is { } known ? LinkStates[(int)known] : "none";

    private static void Count(string machine, string from, string to, string outcome)
    {
        var tags = new TagList
        {
            { "streamruntime.machine", machine },
            { "streamruntime.state.from", from },
            { "streamruntime.state.to", to },
            { "streamruntime.outcome", outcome },
        };
        Transitions.Add(1, tags);
    }

    private static void Spend(string machine, string state, TimeSpan time) => Times.Add(
        time.TotalSeconds, new KeyValuePair<string, object?>("streamruntime.machine", machine), new KeyValuePair<string, object?>("streamruntime.state", state));
}
