using System.Text.Json;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>
/// The text messages of a session, each a JSON object with the member <c>type</c>. In: <c>pause</c>, <c>resume</c>, <c>end</c> (no more bytes from the client), <c>close</c>,
/// <c>stats</c>. Out: <c>paused</c>, <c>resumed</c>, <c>stats</c>, <c>error</c>.
/// </summary>
internal static class ControlMessages
{
    // Ten numbers of 20 digits at most, and their names.
    public const int MostStatisticsBytes = 1024;

    // Deep nesting is nothing we ask for.
    private const int MaxDepth = 8;

    public static ReadOnlySpan<byte> Paused => "{\"type\":\"paused\"}"u8;

    public static ReadOnlySpan<byte> Resumed => "{\"type\":\"resumed\"}"u8;

    public static ReadOnlySpan<byte> Unknown => "{\"type\":\"error\",\"message\":\"unknown control message\"}"u8;

    public static ClientEvent Parse(ReadOnlySpan<byte> text)
    {
        try
        {
            return ParseObject(text);
        }
        catch (JsonException)
        {
            return ClientEvent.Unknown;
        }
    }

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

    private static ClientEvent ParseObject(ReadOnlySpan<byte> text)
    {
        var json = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return ClientEvent.Unknown;
        }

        var found = ClientEvent.Unknown;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = json.ValueTextEquals("type"u8);
            json.Read();
            if (isType)
            {
                found = EventOf(ref json);
            }

            json.Skip();
        }

        // A text that goes on after its object is refused by this read.
        json.Read();
        return found;
    }

    private static ClientEvent EventOf(ref Utf8JsonReader json) =>
        json.TokenType != JsonTokenType.String ? ClientEvent.Unknown
        : json.ValueTextEquals("pause"u8) ? ClientEvent.Pause
        : json.ValueTextEquals("resume"u8) ? ClientEvent.Resume
        : json.ValueTextEquals("end"u8) ? ClientEvent.EndOfBytes
        : json.ValueTextEquals("close"u8) ? ClientEvent.Close
        : json.ValueTextEquals("stats"u8) ? ClientEvent.Statistics
        : ClientEvent.Unknown;
}
