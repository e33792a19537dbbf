namespace StreamRuntime.Postgres.Configuration;

/// <summary>Turns the values of a connection string into options.</summary>
internal static class OptionsReader
{
    /// <param name="values">With services and environment variables already in.</param>
    /// <param name="surroundings">Files and the user's name.</param>
    public static PostgresOptions Read(ConnectionValues values, ConnectionSurroundings surroundings)
    {
        UnsupportedKeywords.Check(values);
        var warnings = new List<string>();
        var defaults = new PostgresOptions { User = surroundings.UserName };
        string user = values.NonEmpty("user") ?? surroundings.UserName;
        string? database = values.NonEmpty("dbname");
        string? password = values.NonEmpty("password");
        string? passwords = password is null ? ReadPasswordFile(values, surroundings, warnings) : null;

        var options = new PostgresOptions
        {
            Endpoints = EndpointList.Read(values, surroundings, (host, port) =>
                passwords is not null && PasswordFile.Find(passwords, host, port, database ?? user, user) is { Length: > 0 } found ? found : null),
            LoadBalanceHosts = Choose(values, "load_balance_hosts", "disable", ("disable", false), ("random", true)),
            User = user,
            Database = database,
            Password = password,
            TargetSessionAttributes = Choose(
                values,
                "target_session_attrs",
                "any",
                ("any", TargetSessionAttributes.Any),
                ("read-write", TargetSessionAttributes.ReadWrite),
                ("read-only", TargetSessionAttributes.ReadOnly),
                ("primary", TargetSessionAttributes.Primary),
                ("standby", TargetSessionAttributes.Standby),
                ("prefer-standby", TargetSessionAttributes.PreferStandby)),
            ChannelBinding = Choose(
                values, "channel_binding", "prefer", ("disable", ChannelBinding.Disable), ("prefer", ChannelBinding.Prefer), ("require", ChannelBinding.Require)),
            AllowedAuthentication = values.NonEmpty("require_auth") is { } methods ? RequiredAuthentication.Read(methods) : defaults.AllowedAuthentication,
            MaxScramIterations = values["scram_max_iterations"] is { } most
                ? ConnectionNumbers.Integer("scram_max_iterations", most)
                : defaults.MaxScramIterations,
            ConnectTimeout = values["connect_timeout"] is { } wait ? ReadConnectTimeout(wait, defaults.ConnectTimeout) : defaults.ConnectTimeout,
            StatementTimeout = values["statement_timeout"] is { } limit ? ConnectionNumbers.Duration("statement_timeout", limit) : null,
            CancelTimeout = values["cancel_timeout"] is { } cancel ? ConnectionNumbers.Duration("cancel_timeout", cancel) : defaults.CancelTimeout,
            ApplicationName = (values["application_name"] ?? values["fallback_application_name"] ?? defaults.ApplicationName) is { Length: > 0 } name ? name : null,
            SessionOptions = values.NonEmpty("options"),
            SessionParameters = ReadSessionParameters(surroundings),
            TcpKeepAlive = values["keepalives"] is not { } keepAlive || ConnectionNumbers.Flag("keepalives", keepAlive),
            TcpKeepAliveIdle = Seconds(values, "keepalives_idle"),
            TcpKeepAliveInterval = Seconds(values, "keepalives_interval"),
            TcpKeepAliveCount = ConnectionNumbers.Positive("keepalives_count", values["keepalives_count"]),
            TcpUserTimeout = ConnectionNumbers.Positive("tcp_user_timeout", values["tcp_user_timeout"]) is { } unanswered
                ? TimeSpan.FromMilliseconds(unanswered)
                : null,
        };

        options = TlsReader.Read(options, values, surroundings, warnings) with { Warnings = warnings };
        options.Validate();
        return options;
    }

    /// <summary>The choice that a value names. An empty value is not a choice, as with libpq.</summary>
    public static T Choose<T>(ConnectionValues values, string keyword, string preset, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        string given = values[keyword] ?? preset;
        var words = new List<string>();
        foreach ((string word, T value) in choices)
        {
            if (given == word)
            {
                return value;
            }

            words.Add(word);
        }

        throw ConfigurationError.Invalid(keyword, given, $"one of {string.Join(", ", words)}");
    }

    // libpq waits for ever when this is absent, zero or less; our promise is that no connection attempt does. It also makes one second
    // two, since rounding could leave nothing of one.
    private static TimeSpan ReadConnectTimeout(string text, TimeSpan preset)
    {
        int seconds = ConnectionNumbers.Integer("connect_timeout", text);
        TimeSpan wait = seconds <= 0 ? preset : TimeSpan.FromSeconds(Math.Max(2, seconds));
        return wait.TotalMilliseconds < uint.MaxValue ? wait : Timeout.InfiniteTimeSpan; // 49 days: as far as a timer goes
    }

    private static TimeSpan? Seconds(ConnectionValues values, string keyword) =>
        ConnectionNumbers.Positive(keyword, values[keyword]) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static List<KeyValuePair<string, string>> ReadSessionParameters(ConnectionSurroundings surroundings)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        foreach ((string variable, string parameter) in ((string, string)[])[("PGDATESTYLE", "datestyle"), ("PGTZ", "timezone"), ("PGGEQO", "geqo")])
        {
            if (surroundings.Variable(variable) is { } value && !value.Equals("default", StringComparison.OrdinalIgnoreCase))
            {
                parameters.Add(new(parameter, value));
            }
        }

        return parameters;
    }

    private static string? ReadPasswordFile(ConnectionValues values, ConnectionSurroundings surroundings, List<string> warnings) =>
        (values.NonEmpty("passfile") ?? surroundings.InHome(".pgpass")) is { } path ? PasswordFile.Read(path, surroundings, warnings) : null;
}
