using System.Buffers;
using System.Text;

namespace StreamRuntime.Postgres.Configuration;

/// <summary>
/// libpq's URIs, <c>postgresql://[user[:password]@][host][:port][,…][/dbname][?key=value[&amp;…]]</c>. Looser than RFC 3986, on purpose the same as libpq.
/// </summary>
internal static class UriSyntax
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly SearchValues<char> HostEnd = SearchValues.Create(":/?,");
    private static readonly SearchValues<char> PortEnd = SearchValues.Create("/?,");

    public static bool IsUri(string text) =>
        text.StartsWith("postgresql://", StringComparison.Ordinal) || text.StartsWith("postgres://", StringComparison.Ordinal);

    public static void Read(string uri, ConnectionValues values)
    {
        string rest = uri[(uri.IndexOf("//", StringComparison.Ordinal) + 2)..];
        int at = rest.AsSpan().IndexOfAny('@', '/');
        if (at >= 0 && rest[at] == '@')
        {
            int colon = rest.IndexOf(':', 0, at);
            SetPart(values, "user", rest[..(colon < 0 ? at : colon)]);
            SetPart(values, "password", colon < 0 ? "" : rest[(colon + 1)..at]);
            rest = rest[(at + 1)..];
        }

        rest = ReadHosts(rest, values);
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        if (rest.StartsWith('/'))
        {
            SetPart(values, "dbname", question < 0 ? rest[1..] : rest[1..question]);
        }

        if (question >= 0)
        {
            ReadParameters(rest[(question + 1)..], values);
        }
    }

    // Leaves the slash or question mark that ended them.
    private static string ReadHosts(string rest, ConnectionValues values)
    {
        var hosts = new StringBuilder();
        var ports = new StringBuilder();
        while (true)
        {
            hosts.Append(ReadHost(ref rest));
            if (rest.StartsWith(':'))
            {
                int end = End(rest.AsSpan(1).IndexOfAny(PortEnd), rest.Length - 1) + 1;
                ports.Append(rest, 1, end - 1);
                rest = rest[end..];
            }

            if (!rest.StartsWith(','))
            {
                break;
            }

            hosts.Append(',');
            ports.Append(',');
            rest = rest[1..];
        }

        // Decoded after joining, as libpq does: %2C in a host separates hosts.
        SetPart(values, "host", hosts.ToString());
        SetPart(values, "port", ports.ToString());
        return rest;
    }

    private static string ReadHost(ref string rest)
    {
        string host;
        if (rest.StartsWith('['))
        {
            int bracket = rest.IndexOf(']', StringComparison.Ordinal);
            if (bracket <= 1)
            {
                throw ConfigurationError.Because(bracket < 0 ? "The URI's [ has no ]." : "The URI's IPv6 address in [] is empty.");
            }

            host = rest[1..bracket];
            rest = rest[(bracket + 1)..];
            if (rest.Length > 0 && !HostEnd.Contains(rest[0]))
            {
                throw ConfigurationError.Because("After the URI's ] only a port, a further host, a path or a query may follow.");
            }
        }
        else
        {
            int end = End(rest.AsSpan().IndexOfAny(HostEnd), rest.Length);
            host = rest[..end];
            rest = rest[end..];
            if (host.IndexOf('@', StringComparison.Ordinal) > 0)
            {
                // libpq would look this up as a name and show it; it is the end of a password.
                throw ConfigurationError.Because("The URI's host holds an @; in a user name or password it is written %40.");
            }
        }

        return host;
    }

    private static void ReadParameters(string query, ConnectionValues values)
    {
        // A last & may stand alone.
        string[] parameters = (query.EndsWith('&') ? query[..^1] : query).Split('&');
        foreach (string parameter in query.Length == 0 ? [] : parameters)
        {
            string[] parts = parameter.Split('=');
            if (parts.Length != 2)
            {
                throw ConfigurationError.Because("A parameter of the URI's query is not one key, one equals sign and one value; write = in a value as %3D.");
            }

            string keyword = Decode(parts[0], "a key");
            string value = Decode(parts[1], "a value");
            if (keyword == "ssl" && value == "true")
            {
                (keyword, value) = ("sslmode", "require"); // as JDBC writes it
            }

            values.Set(keyword, value);
        }
    }

    private static void SetPart(ConnectionValues values, string keyword, string encoded)
    {
        if (encoded.Length > 0) // an empty part is one not given: the environment may still give it
        {
            values.Set(keyword, Decode(encoded, keyword));
            values.BeginPart();
        }
    }

    private static int End(int found, int length) => found < 0 ? length : found;

    private static string Decode(string encoded, string part)
    {
        if (!encoded.Contains('%', StringComparison.Ordinal))
        {
            return encoded;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(encoded);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte next = bytes[i];
            if (next == '%')
            {
                if (i + 2 >= bytes.Length || !char.IsAsciiHexDigit((char)bytes[i + 1]) || !char.IsAsciiHexDigit((char)bytes[i + 2]))
                {
                    throw ConfigurationError.Because($"A % in the URI ({part}) is not followed by two hexadecimal digits; a % itself is written %25.");
                }

                next = Convert.FromHexString([(char)bytes[i + 1], (char)bytes[i + 2]])[0];
                i += 2;
                if (next == 0)
                {
                    throw ConfigurationError.Because($"The URI ({part}) holds a %00.");
                }
            }

            bytes[length++] = next;
        }

        try
        {
            return StrictUtf8.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            throw ConfigurationError.Because($"The URI ({part}) is not UTF-8 once its percent signs are decoded.");
        }
    }
}
