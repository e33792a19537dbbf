using System.Text.Json.Serialization;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Sessions;

/// <summary>A session as an administrator sees it. Times are in milliseconds.</summary>
internal sealed record SessionSnapshot
{
    public required long Id { get; init; }

    public required string Endpoint { get; init; }

    public required string Transport { get; init; }

    public required string Client { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required string State { get; init; }

    public required IReadOnlyDictionary<string, double> StateMs { get; init; }

    public required string? StreamState { get; init; }

    public required bool PausedByRequest { get; init; }

    public required long Rows { get; init; }

    public required long Bytes { get; init; }

    public required int Pauses { get; init; }

    public required double PausedMs { get; init; }

    public required double WaitingMs { get; init; }

    public required double ElapsedMs { get; init; }

    public required string? PauseReason { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BridgeSnapshot? Bridge { get; init; }

    public static SessionSnapshot Of(GatewaySession session)
    {
        StreamStatistics? statistics = session.Stream?.GetStatistics();
        return new SessionSnapshot
        {
            Id = session.Id,
            Endpoint = session.Endpoint,
            Transport = session.Transport,
            Client = session.Client.ToString(),
            StartedAt = session.StartedAt,
            State = session.State.ToString(),
            StateMs = Enum.GetValues<ConnectionState>().ToDictionary(s => s.ToString(), s => session.TimeIn(s).TotalMilliseconds),
            StreamState = statistics?.State.ToString(),
            PausedByRequest = session.IsPaused,
            Rows = statistics?.RowsDelivered ?? 0,
            Bytes = statistics?.BytesDelivered ?? 0,
            Pauses = statistics?.Pauses ?? 0,
            PausedMs = statistics?.PausedTime.TotalMilliseconds ?? 0,
            WaitingMs = statistics?.WaitingTime.TotalMilliseconds ?? 0,
            ElapsedMs = statistics?.Elapsed.TotalMilliseconds ?? 0,
            PauseReason = statistics?.PauseReason,
        };
    }
}

/// <summary>What a session has that joins its client to a backend. Bytes and pauses of the session itself are then those of the bridge.</summary>
internal sealed record BridgeSnapshot(
    string Backend, string State, long MessagesToClient, long BytesToBackend, long MessagesToBackend, int QueuedMessages, long QueuedBytes, double SinceLastActivityMs);

/// <summary>What the list of sessions answers.</summary>
internal sealed record SessionList(int Connections, int RunningStreams, int PausedStreams, IReadOnlyList<SessionSnapshot> Sessions);

/// <summary>How sessions become JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DictionaryKeyPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SessionList))]
[JsonSerializable(typeof(SessionSnapshot))]
internal sealed partial class SessionJson : JsonSerializerContext;
