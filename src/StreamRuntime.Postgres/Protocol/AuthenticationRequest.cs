namespace StreamRuntime.Postgres.Protocol;

/// <summary>What an Authentication message asks for.</summary>
/// <remarks>Source: PostgreSQL documentation, "Message Formats", AuthenticationXXX.</remarks>
internal enum AuthenticationRequestType
{
    Ok = 0,
    KerberosV5 = 2,
    ClearTextPassword = 3,
    Md5Password = 5,
    Gss = 7,
    GssContinue = 8,
    Sspi = 9,
    Sasl = 10,
    SaslContinue = 11,
    SaslFinal = 12,
}

/// <summary>Reads Authentication messages.</summary>
internal static class AuthenticationRequest
{
    private const BackendMessageType Type = BackendMessageType.Authentication;

    /// <summary>Cuts the request's type off the front; the rest of the body is its data.</summary>
    public static AuthenticationRequestType ReadType(ref ReadOnlySpan<byte> body) => (AuthenticationRequestType)BackendMessage.ReadInt32(ref body, Type);

    /// <summary>Reads the mechanisms of a SASL request.</summary>
    public static List<string> ReadMechanisms(ReadOnlySpan<byte> data)
    {
        var mechanisms = new List<string>();
        while (true)
        {
            string mechanism = BackendMessage.ReadString(ref data, Type);
            if (mechanism.Length == 0)
            {
                BackendMessage.CheckEnd(data, Type);
                return mechanisms;
            }

            // Two exist; a list of more than this many is a flood, not an offer.
            if (mechanisms.Count == 32)
            {
                BackendMessage.Violation("the SASL request lists more than 32 mechanisms");
            }

            mechanisms.Add(mechanism);
        }
    }

    /// <summary>Reads the salt of an MD5 request.</summary>
    public static byte[] ReadSalt(ReadOnlySpan<byte> data)
    {
        if (data.Length != 4)
        {
            BackendMessage.Violation($"the MD5 request has a salt of {data.Length} bytes instead of 4");
        }

        return data.ToArray();
    }
}
