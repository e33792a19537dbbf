using System.Text.Json;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>
/// The text messages of a session, each a JSON object with the member <c>type</c>. In: <c>pause</c>, <c>resume</c>, <c>end</c> (no more bytes from the client), <c>close</c>,
/// <c>stats</c>, and <c>authenticate</c> (with a <c>token</c>) as the first one where a token is needed and the request had none. Out: <c>paused</c>, <c>resumed</c>, <c>stats</c>, <c>error</c>.
/// </summary>
internal static class ControlMessages
{
    // Ten numbers of 20 digits at most, and their names.
    public const int MostStatisticsBytes = 1024;

    public static ReadOnlySpan<byte> Paused => "{\"type\":\"paused\"}"u8;

    public static ReadOnlySpan<byte> Resumed => "{\"type\":\"resumed\"}"u8;

    public static ReadOnlySpan<byte> Unknown => "{\"type\":\"error\",\"message\":\"unknown control message\"}"u8;

    /// <returns>How many bytes were written.</returns>
    public static int WriteStatistics(BridgeStatistics statistics, byte[] buffer)
    {
        using var stream = new MemoryStream(buffer);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "stats"u8);
            json.WriteNumber("id"u8, statistics.Id);
            json.WriteString("state"u8, statistics.State.ToString());
            json.WriteBoolean("paused"u8, statistics.IsPaused);
            json.WriteNumber("pauses"u8, statistics.Pauses);
            json.WriteNumber("bytesToClient"u8, statistics.BytesToClient);
            json.WriteNumber("messagesToClient"u8, statistics.MessagesToClient);
            json.WriteNumber("bytesToBackend"u8, statistics.BytesToBackend);
            json.WriteNumber("messagesToBackend"u8, statistics.MessagesToBackend);
            json.WriteNumber("queuedMessages"u8, statistics.QueuedMessages);
            json.WriteNumber("queuedBytes"u8, statistics.QueuedBytes);
            json.WriteEndObject();
        }

        return (int)stream.Position;
    }
}
