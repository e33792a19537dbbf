namespace StreamRuntime.Postgres.Configuration;

/// <summary>libpq's connection service files: groups of <c>key=value</c> lines below a <c>[name]</c>.</summary>
internal static class ServiceFile
{
    /// <summary>Adds what the service gives to what the string gave; the string wins. Does nothing when no service is named.</summary>
    public static void Apply(ConnectionValues values, ConnectionSurroundings surroundings)
    {
        if ((values["service"] ?? surroundings.Variable("PGSERVICE")) is not { } service)
        {
            return;
        }

        string? named = values["servicefile"] ?? surroundings.Variable("PGSERVICEFILE");
        string? own = named ?? surroundings.InHome(".pg_service.conf");
        if (own is not null && (named is not null || surroundings.FileExists(own)))
        {
            string text = surroundings.ReadFile(own) ?? throw ConfigurationError.Because($"The service file {own} cannot be read.");
            if (Apply(text, own, service, values))
            {
                return;
            }
        }

        string shared = $"{surroundings.Variable("PGSYSCONFDIR") ?? ConnectionSurroundings.DefaultServiceFolder}/pg_service.conf";
        if (surroundings.FileExists(shared) && surroundings.ReadFile(shared) is { } sharedText && Apply(sharedText, shared, service, values))
        {
            return;
        }

        throw ConfigurationError.Because("The service that the connection string or PGSERVICE names is in no service file.");
    }

    /// <summary>False when the file has no such service.</summary>
    internal static bool Apply(string text, string path, string service, ConnectionValues values)
    {
        bool isFound = false;
        int number = 0;
        foreach (string ended in text.Split('\n'))
        {
            number++;
            string line = ended.Trim(' ', '\t', '\r', '\v', '\f');
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '[')
            {
                if (isFound)
                {
                    break;
                }

                isFound = line.AsSpan(1).StartsWith(service) && line.AsSpan(1 + service.Length).StartsWith("]");
            }
            else if (isFound)
            {
                ApplyLine(line, $"line {number} of the service file {path}", values);
            }
        }

        return isFound;
    }

    private static void ApplyLine(string line, string place, ConnectionValues values)
    {
        if (line.StartsWith("ldap", StringComparison.Ordinal))
        {
            throw ConfigurationError.Because($"LDAP look-ups are not supported ({place}).");
        }

        int equals = line.IndexOf('=', StringComparison.Ordinal);
        string keyword = equals < 0 ? "" : line[..equals];
        if (keyword is "service" or "servicefile")
        {
            throw ConfigurationError.Because($"A service cannot name another ({place}).");
        }

        if (!ConnectionKeywords.IsKnown(keyword))
        {
            throw ConfigurationError.Because($"Not a known connection key, an equals sign and a value: {place}. Blanks around the sign are not allowed there.");
        }

        values.SetDefault(keyword, line[(equals + 1)..]);
    }
}
