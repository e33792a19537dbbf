namespace StreamRuntime.Postgres.Configuration;

/// <summary>Reads connection strings the way <c>psql</c> does.</summary>
/// <remarks>Thread-safe; each call looks at the environment and the files anew.</remarks>
public static class ConnectionString
{
    /// <summary>Makes options of a URI or a <c>key=value</c> string.</summary>
    /// <param name="text">
    /// <c>postgresql://</c> or <c>postgres://</c> and so on, or <c>host=… dbname=…</c>, in libpq's syntax; empty takes everything from the
    /// surroundings. Besides libpq's keys there are <c>statement_timeout</c> and <c>cancel_timeout</c> (milliseconds, or with a unit: us, ms,
    /// s, min, h, d) and <c>scram_max_iterations</c>.
    /// </param>
    /// <returns>Validated options. <see cref="PostgresOptions.Warnings"/> says what was left out of them and why.</returns>
    /// <remarks>
    /// <para>What the string does not give comes from its service (<c>service</c>, <c>pg_service.conf</c>), then the <c>PG*</c> variables, then the
    /// defaults; passwords at last from the password file, for each server its own. A password file that others may access is not used.</para>
    /// <para>No host means the Unix socket in <c>/var/run/postgresql</c> where that folder exists (as on Debian and Ubuntu), else
    /// <c>localhost</c>. A host that begins with <c>/</c> or <c>@</c> is a Unix socket's folder.</para>
    /// <para>Where we differ from libpq, on purpose: <c>connect_timeout</c> absent, 0 or less is our default of 10 s and not for ever (1 is taken
    /// as 2, as libpq does); a mistyped <c>sslrootcert</c> is an error under <c>require</c>; <c>verify-full</c> without a root file trusts the
    /// system's authorities; <c>require_auth</c> absent means SCRAM or nothing, see <see cref="PostgresOptions.AllowedAuthentication"/>; numbers are
    /// checked here and not at the first connection; a <c>dbname</c> is never itself read as a connection string.</para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">No text.</exception>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>: bad syntax, a key that is not known, or a value that cannot be used. The message never holds the
    /// string or a password.
    /// </exception>
    public static PostgresOptions Parse(string text) => Parse(text, ConnectionSurroundings.FromSystem());

    internal static PostgresOptions Parse(string text, ConnectionSurroundings surroundings)
    {
        ConnectionValues values = ReadText(text);
        ServiceFile.Apply(values, surroundings);
        foreach ((string keyword, string? variable) in ConnectionKeywords.All)
        {
            if (variable is not null && surroundings.Variable(variable) is { } value)
            {
                values.SetDefault(keyword, value);
            }
        }

        if (surroundings.Variable("PGREQUIRESSL")?.StartsWith('1') == true)
        {
            values.SetDefault("sslmode", "require"); // obsolete, and weaker than PGSSLMODE
        }

        return OptionsReader.Read(values, surroundings);
    }

    /// <summary>What the text itself says, before any default.</summary>
    internal static ConnectionValues ReadText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw ConfigurationError.Because("The connection string holds a NUL.");
        }

        var values = new ConnectionValues();
        if (UriSyntax.IsUri(text))
        {
            UriSyntax.Read(text, values);
        }
        else
        {
            KeyValueSyntax.Read(text, values);
        }

        return values;
    }
}
