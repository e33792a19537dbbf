using System.Text.Json;

namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>What a client asks for by a control message.</summary>
internal enum ControlKind : byte
{
    /// <summary>Not a JSON object with a <c>type</c> that is text.</summary>
    Malformed = 0,

    /// <summary>A type that is none of the protocol's.</summary>
    Unknown = 1,
    Pause = 2,
    Resume = 3,
    Cancel = 4,
    Stats = 5,
    Authenticate = 6,

    /// <summary>No more bytes come from the client.</summary>
    End = 7,
    Close = 8,
}

/// <summary>A control message of a client: an object with a <c>type</c>, and with what that type takes. Other members are ignored.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Text">A pause's reason, or a token.</param>
internal readonly record struct ControlRequest(ControlKind Kind, string? Text = null)
{
    private const int MaxReasonLength = 200;

    public static ControlRequest Parse(ReadOnlySpan<byte> message)
    {
        string? type = null;
        string? reason = null;
        string? token = null;
        try
        {
            var json = new Utf8JsonReader(message);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return default;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                bool isType = json.ValueTextEquals("type"u8);
                bool isReason = json.ValueTextEquals("reason"u8);
                bool isToken = json.ValueTextEquals("token"u8);
                json.Read();
                string? text = json.TokenType == JsonTokenType.String && (isType || isReason || isToken) ? json.GetString() : null;
                type = isType ? text : type;
                reason = isReason ? text : reason;
                token = isToken ? text : token;
                json.Skip();
            }

            if (json.Read())
            {
                return default;
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            return default;
        }

        return type switch
        {
            null => default,
            "pause" => new ControlRequest(ControlKind.Pause, reason is { Length: > MaxReasonLength } ? reason[..MaxReasonLength] : reason),
            "resume" => new ControlRequest(ControlKind.Resume),
            "cancel" => new ControlRequest(ControlKind.Cancel),
            "stats" => new ControlRequest(ControlKind.Stats),
            "end" => new ControlRequest(ControlKind.End),
            "close" => new ControlRequest(ControlKind.Close),
            "authenticate" => new ControlRequest(string.IsNullOrEmpty(token) ? ControlKind.Malformed : ControlKind.Authenticate, token),
            _ => new ControlRequest(ControlKind.Unknown),
        };
    }
}
