namespace StreamRuntime.Postgres.Configuration;

/// <summary>Every key a connection string may hold, and the environment variable that stands in for it.</summary>
internal static class ConnectionKeywords
{
    private static readonly Dictionary<string, string?> VariableByKeyword = new(StringComparer.Ordinal)
    {
        ["service"] = "PGSERVICE",
        ["servicefile"] = "PGSERVICEFILE",
        ["user"] = "PGUSER",
        ["password"] = "PGPASSWORD",
        ["passfile"] = "PGPASSFILE",
        ["channel_binding"] = "PGCHANNELBINDING",
        ["require_auth"] = "PGREQUIREAUTH",
        ["connect_timeout"] = "PGCONNECT_TIMEOUT",
        ["dbname"] = "PGDATABASE",
        ["host"] = "PGHOST",
        ["hostaddr"] = "PGHOSTADDR",
        ["port"] = "PGPORT",
        ["client_encoding"] = "PGCLIENTENCODING",
        ["options"] = "PGOPTIONS",
        ["application_name"] = "PGAPPNAME",
        ["fallback_application_name"] = null,
        ["keepalives"] = null,
        ["keepalives_idle"] = null,
        ["keepalives_interval"] = null,
        ["keepalives_count"] = null,
        ["tcp_user_timeout"] = null,
        ["sslmode"] = "PGSSLMODE",
        ["sslnegotiation"] = "PGSSLNEGOTIATION",
        ["sslcompression"] = "PGSSLCOMPRESSION",
        ["sslcert"] = "PGSSLCERT",
        ["sslkey"] = "PGSSLKEY",
        ["sslpassword"] = null,
        ["sslcertmode"] = "PGSSLCERTMODE",
        ["sslrootcert"] = "PGSSLROOTCERT",
        ["sslcrl"] = "PGSSLCRL",
        ["sslcrldir"] = "PGSSLCRLDIR",
        ["sslsni"] = "PGSSLSNI",
        ["sslkeylogfile"] = null,
        ["requirepeer"] = "PGREQUIREPEER",
        ["ssl_min_protocol_version"] = "PGSSLMINPROTOCOLVERSION",
        ["ssl_max_protocol_version"] = "PGSSLMAXPROTOCOLVERSION",
        ["min_protocol_version"] = "PGMINPROTOCOLVERSION",
        ["max_protocol_version"] = "PGMAXPROTOCOLVERSION",
        ["gssencmode"] = "PGGSSENCMODE",
        ["krbsrvname"] = "PGKRBSRVNAME",
        ["gsslib"] = "PGGSSLIB",
        ["gssdelegation"] = "PGGSSDELEGATION",
        ["replication"] = null,
        ["target_session_attrs"] = "PGTARGETSESSIONATTRS",
        ["load_balance_hosts"] = "PGLOADBALANCEHOSTS",
        ["scram_client_key"] = null,
        ["scram_server_key"] = null,
        ["oauth_issuer"] = null,
        ["oauth_client_id"] = null,
        ["oauth_client_secret"] = null,
        ["oauth_scope"] = null,

        // Ours.
        ["statement_timeout"] = null,
        ["cancel_timeout"] = null,
        ["scram_max_iterations"] = null,
    };

    public static IEnumerable<KeyValuePair<string, string?>> All => VariableByKeyword;

    public static bool IsKnown(string keyword) => VariableByKeyword.ContainsKey(keyword);

    public static bool IsSecret(string keyword) => keyword is "password" or "sslpassword" or "oauth_client_secret" or "scram_client_key" or "scram_server_key";

    /// <summary>The known key that a mistyped one most resembles; null when none does.</summary>
    public static string? Nearest(string keyword)
    {
        string? nearest = null;
        int fewest = 1 + Math.Min(3, keyword.Length / 2); // more edits than this make a different word
        foreach (string known in VariableByKeyword.Keys)
        {
            int edits = Edits(keyword, known);
            if (edits < fewest)
            {
                (nearest, fewest) = (known, edits);
            }
        }

        return nearest;
    }

    // Levenshtein's distance, upper and lower case alike.
    private static int Edits(string from, string to)
    {
        Span<int> row = stackalloc int[to.Length + 1];
        for (int j = 0; j <= to.Length; j++)
        {
            row[j] = j;
        }

        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (char.ToLowerInvariant(from[i - 1]) == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[to.Length];
    }
}
