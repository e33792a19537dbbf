using System.Security.Authentication;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>Reads the keys that begin with <c>ssl</c>, and finds the certificates in the user's folder.</summary>
internal static class TlsReader
{
    public static PostgresOptions Read(PostgresOptions options, ConnectionValues values, ConnectionSurroundings surroundings, List<string> warnings)
    {
        string? root = values.NonEmpty("sslrootcert");
        string preset = root == PostgresOptions.SystemRoots ? "verify-full" : "prefer";
        SslMode mode = OptionsReader.Choose(
            values,
            "sslmode",
            preset,
            ("disable", SslMode.Disable),
            ("allow", SslMode.Allow),
            ("prefer", SslMode.Prefer),
            ("require", SslMode.Require),
            ("verify-ca", SslMode.VerifyCa),
            ("verify-full", SslMode.VerifyFull));
        bool isDirect = OptionsReader.Choose(values, "sslnegotiation", "postgres", ("postgres", false), ("direct", true));
        if (root == PostgresOptions.SystemRoots && mode != SslMode.VerifyFull)
        {
            throw ConfigurationError.Because("sslrootcert=system trusts every public authority, so it needs sslmode=verify-full.");
        }

        if (isDirect && mode < SslMode.Require)
        {
            throw ConfigurationError.Because("sslnegotiation=direct needs sslmode require, verify-ca or verify-full.");
        }

        options = options with { SslMode = mode, SslDirect = isDirect, TlsVersions = ReadVersions(values) };
        if (mode == SslMode.Disable || options.Endpoints.All(endpoint => endpoint.IsUnixSocket))
        {
            return options;
        }

        options = options with { SslRootCertificateFile = FindRoot(root, mode, surroundings, warnings) };
        bool usesCertificate = OptionsReader.Choose(values, "sslcertmode", "allow", ("allow", true), ("disable", false));
        return usesCertificate ? WithClientCertificate(options, values, surroundings, warnings) : options;
    }

    private static string? FindRoot(string? root, SslMode mode, ConnectionSurroundings surroundings, List<string> warnings)
    {
        if (root == PostgresOptions.SystemRoots)
        {
            return root;
        }

        string? file = root ?? surroundings.InHome(".postgresql/root.crt");
        if (file is not null && surroundings.FileExists(file))
        {
            return file;
        }

        switch (mode)
        {
            case SslMode.VerifyCa:
                // Any public authority's certificate for any name at all would pass.
                throw ConfigurationError.Because("sslmode=verify-ca needs a file of authorities to trust: sslrootcert, or .postgresql/root.crt in the user's folder.");
            case >= SslMode.Require when root is not null:
                // libpq goes on unchecked under require; a mistyped path should not do that.
                throw ConfigurationError.Because("The file that sslrootcert names does not exist.");
            default:
                if (root is not null)
                {
                    warnings.Add("The file that sslrootcert names does not exist; the server's certificate is not checked.");
                }

                return null;
        }
    }

    private static PostgresOptions WithClientCertificate(
        PostgresOptions options, ConnectionValues values, ConnectionSurroundings surroundings, List<string> warnings)
    {
        string? namedCertificate = values.NonEmpty("sslcert");
        string? certificate = namedCertificate ?? surroundings.InHome(".postgresql/postgresql.crt");
        if (certificate is null || !surroundings.FileExists(certificate))
        {
            if (namedCertificate is not null)
            {
                warnings.Add("The file that sslcert names does not exist; no client certificate is sent.");
            }

            return options;
        }

        string? namedKey = values.NonEmpty("sslkey");
        string? key = namedKey ?? surroundings.InHome(".postgresql/postgresql.key");
        bool hasKey = key is not null && surroundings.FileExists(key);
        if (namedKey is not null && !hasKey)
        {
            throw ConfigurationError.Because("The file that sslkey names does not exist.");
        }

        return options with
        {
            SslCertificateFile = certificate,
            SslKeyFile = hasKey ? key : null, // then it is looked for in the certificate's file
            SslKeyPassword = values.NonEmpty("sslpassword"),
        };
    }

    private static SslProtocols ReadVersions(ConnectionValues values)
    {
        int least = Math.Max(2, ReadVersion("ssl_min_protocol_version", values.NonEmpty("ssl_min_protocol_version") ?? "TLSv1.2"));
        int most = ReadVersion("ssl_max_protocol_version", values.NonEmpty("ssl_max_protocol_version") ?? "TLSv1.3");
        if (most < 2)
        {
            throw ConfigurationError.Because("ssl_max_protocol_version is below TLSv1.2, the oldest that is supported.");
        }

        return least > most
            ? throw ConfigurationError.Because("ssl_min_protocol_version is above ssl_max_protocol_version.")
            : (least <= 2 ? SslProtocols.Tls12 : SslProtocols.None) | (most >= 3 ? SslProtocols.Tls13 : SslProtocols.None);
    }

    private static int ReadVersion(string keyword, string version) => version.ToUpperInvariant() switch
    {
        "TLSV1" => 0,
        "TLSV1.1" => 1,
        "TLSV1.2" => 2,
        "TLSV1.3" => 3,
        _ => throw ConfigurationError.Invalid(keyword, version, "one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"),
    };
}
