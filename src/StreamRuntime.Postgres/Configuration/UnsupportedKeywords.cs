namespace StreamRuntime.Postgres.Configuration;

/// <summary>Keys of libpq for things we do not do: harmless values pass, a value that demands the thing is refused rather than ignored.</summary>
internal static class UnsupportedKeywords
{
    public static void Check(ConnectionValues values)
    {
        switch (values["gssencmode"])
        {
            case null or "disable" or "prefer":
                break;
            case "require":
                throw ConfigurationError.Unsupported("gssencmode", "require", "there is no GSSAPI encryption");
            case { } other:
                throw ConfigurationError.Invalid("gssencmode", other, "one of disable, prefer, require");
        }

        if (values["sslcertmode"] == "require")
        {
            throw ConfigurationError.Unsupported("sslcertmode", "require", "whether the server asked for a certificate is not known");
        }

        if (values["sslsni"] is { } sni && sni != "1")
        {
            throw ConfigurationError.Unsupported("sslsni", sni, "the server's name is always sent");
        }

        if (values["replication"]?.ToUpperInvariant() is not (null or "" or "0" or "OFF" or "FALSE" or "NO" or "N" or "F"))
        {
            throw ConfigurationError.Unsupported("replication", values["replication"]!, "there are no replication connections");
        }

        if (values.NonEmpty("min_protocol_version") is { } least && least != "3.0")
        {
            throw ConfigurationError.Unsupported("min_protocol_version", least, "only 3.0 can be counted on");
        }

        if (values.NonEmpty("max_protocol_version") is { } most && most is not ("3.0" or "3.2" or "latest"))
        {
            throw ConfigurationError.Invalid("max_protocol_version", most, "one of 3.0, 3.2, latest");
        }

        Refuse(values, "sslcrl", "certificate revocation lists are not read");
        Refuse(values, "sslcrldir", "certificate revocation lists are not read");
        Refuse(values, "sslkeylogfile", "TLS keys are never written out");
        Refuse(values, "requirepeer", "who owns the server's process is not looked up");
        Refuse(values, "scram_client_key", "logging in needs the password itself");
        Refuse(values, "scram_server_key", "logging in needs the password itself");
        Refuse(values, "oauth_issuer", "there is no OAuth");
        Refuse(values, "oauth_client_id", "there is no OAuth");
        CheckEncoding(values.NonEmpty("client_encoding"));
    }

    private static void Refuse(ConnectionValues values, string keyword, string because)
    {
        if (values.NonEmpty(keyword) is not null)
        {
            throw ConfigurationError.Because($"{keyword} is not supported: {because}.");
        }
    }

    // PostgreSQL spells encodings with or without signs and in any case; "auto" asks for the locale's, and here that is UTF-8.
    private static void CheckEncoding(string? encoding)
    {
        if (encoding is null or "auto")
        {
            return;
        }

        if (string.Concat(encoding.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant() is not ("UTF8" or "UNICODE"))
        {
            throw ConfigurationError.Unsupported("client_encoding", encoding, "rows are JSON, so it is always UTF8 (see also PGCLIENTENCODING)");
        }
    }
}
