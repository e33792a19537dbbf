using System.Text;

namespace StreamRuntime.Postgres.Transport;

/// <summary>What the server reported of its session and we look at. Other parameters are passed over, so that no server can fill our memory with them.</summary>
/// <remarks>Owned by its connection's reader.</remarks>
internal sealed class SessionParameters
{
    private const int MostBytes = 256;

    private string? _nameAtLogin;
    private string? _encodingAtLogin;
    private (string? DateStyle, string? TimeZone, string? IntervalStyle, bool StandardStrings) _parsingAtLogin;
    private string? _timeZone;
    private string? _intervalStyle;

    public string? ServerVersion { get; private set; }

    public string? ClientEncoding { get; private set; }

    public string? ApplicationName { get; private set; }

    public string? DateStyle { get; private set; }

    public bool? IsInHotStandby { get; private set; }

    public bool? IsReadOnlyByDefault { get; private set; }

    public bool StandardConformingStrings { get; private set; } = true;

    /// <summary>Counts the changes of what decides about the meaning of a statement's text when it is parsed: how strings, dates and intervals are written.</summary>
    public int ParsingVersion { get; private set; }

    /// <summary>True when dates come as ISO 8601 has them. Unknown counts as not, since a proxy may keep the report to itself.</summary>
    public bool HasIsoDates => DateStyle?.StartsWith("ISO", StringComparison.Ordinal) == true;

    /// <summary>False when the session has another name or encoding than its login gave it.</summary>
    public bool IsAsAfterLogin => ApplicationName == _nameAtLogin && ClientEncoding == _encodingAtLogin;

    /// <summary>False also when a statement's text means something else than after the login.</summary>
    public bool IsUntouched => IsAsAfterLogin && Parsing == _parsingAtLogin;

    private (string? DateStyle, string? TimeZone, string? IntervalStyle, bool StandardStrings) Parsing => (DateStyle, _timeZone, _intervalStyle, StandardConformingStrings);

    public void RememberLogin()
    {
        _parsingAtLogin = Parsing;
        _nameAtLogin = ApplicationName;
        _encodingAtLogin = ClientEncoding;
    }

    public void Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("server_version"u8))
        {
            ServerVersion = ToText(value);
        }
        else if (name.SequenceEqual("client_encoding"u8))
        {
            ClientEncoding = ToText(value);
        }
        else if (name.SequenceEqual("application_name"u8))
        {
            ApplicationName = ToText(value);
        }
        else if (name.SequenceEqual("DateStyle"u8))
        {
            DateStyle = Changed(DateStyle, ToText(value));
        }
        else if (name.SequenceEqual("in_hot_standby"u8))
        {
            IsInHotStandby = value.SequenceEqual("on"u8);
        }
        else if (name.SequenceEqual("default_transaction_read_only"u8))
        {
            IsReadOnlyByDefault = value.SequenceEqual("on"u8);
        }
        else if (name.SequenceEqual("standard_conforming_strings"u8))
        {
            bool isOn = value.SequenceEqual("on"u8);
            ParsingVersion += isOn == StandardConformingStrings ? 0 : 1;
            StandardConformingStrings = isOn;
        }
        else if (name.SequenceEqual("TimeZone"u8))
        {
            _timeZone = Changed(_timeZone, ToText(value));
        }
        else if (name.SequenceEqual("IntervalStyle"u8))
        {
            _intervalStyle = Changed(_intervalStyle, ToText(value));
        }
    }

    private string Changed(string? before, string now)
    {
        ParsingVersion += before == now ? 0 : 1;
        return now;
    }

    // Versions and styles are short; of anything longer the beginning is enough to say what is wrong with it.
    private static string ToText(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value[..Math.Min(value.Length, MostBytes)]);
}
