namespace StreamRuntime.Postgres.Transport;

/// <summary>What the server reported of its session and we look at. Other parameters are passed over, so that no server can fill our memory with them.</summary>
/// <remarks>Owned by its connection's reader.</remarks>
internal sealed class SessionParameters
{
    public string? ServerVersion { get; private set; }

    public string? ClientEncoding { get; private set; }

    public string? DateStyle { get; private set; }

    public bool? IsInHotStandby { get; private set; }

    public bool? IsReadOnlyByDefault { get; private set; }

    public bool StandardConformingStrings { get; private set; } = true;

    /// <summary>True when dates come as ISO 8601 has them. Unknown counts as not, since a proxy may keep the report to itself.</summary>
    public bool HasIsoDates => DateStyle?.StartsWith("ISO", StringComparison.Ordinal) == true;

    public void Set(string name, string value)
    {
        switch (name)
        {
            case "server_version":
                ServerVersion = value;
                break;
            case "client_encoding":
                ClientEncoding = value;
                break;
            case "DateStyle":
                DateStyle = value;
                break;
            case "in_hot_standby":
                IsInHotStandby = value == "on";
                break;
            case "default_transaction_read_only":
                IsReadOnlyByDefault = value == "on";
                break;
            case "standard_conforming_strings":
                StandardConformingStrings = value == "on";
                break;
        }
    }
}
