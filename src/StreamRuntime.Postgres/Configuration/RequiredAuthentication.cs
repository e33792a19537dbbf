namespace StreamRuntime.Postgres.Configuration;

/// <summary>Reads <c>require_auth</c>: a list of methods to agree to, or one where all are struck out by <c>!</c>.</summary>
internal static class RequiredAuthentication
{
    private const AuthenticationMethods All =
        AuthenticationMethods.None | AuthenticationMethods.ScramSha256 | AuthenticationMethods.Md5 | AuthenticationMethods.ClearText;

    public static AuthenticationMethods Read(string list)
    {
        string[] items = list.Split(',');
        bool isNegated = items[0].StartsWith('!');
        AuthenticationMethods named = 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string item in items)
        {
            if (item.StartsWith('!') != isNegated)
            {
                throw ConfigurationError.Because("require_auth either names methods or strikes them out with !, not both.");
            }

            string method = isNegated ? item[1..] : item;
            named |= method switch
            {
                "scram-sha-256" => AuthenticationMethods.ScramSha256,
                "md5" => AuthenticationMethods.Md5,
                "password" => AuthenticationMethods.ClearText,
                "none" => AuthenticationMethods.None,
                "gss" or "sspi" or "oauth" => 0, // known, but nothing we can do
                _ => throw ConfigurationError.Invalid("require_auth", method, "one of scram-sha-256, md5, password, none, gss, sspi and oauth"),
            };

            if (!seen.Add(method))
            {
                throw ConfigurationError.Because($"require_auth names {method} more than once.");
            }
        }

        AuthenticationMethods allowed = isNegated ? All & ~named : named;
        return allowed != 0
            ? allowed
            : throw ConfigurationError.Because("require_auth leaves no method that is supported: scram-sha-256, md5, password and none are.");
    }
}
