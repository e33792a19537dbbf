namespace StreamRuntime.Postgres.Authentication;

/// <summary>Chooses between SCRAM-SHA-256 and SCRAM-SHA-256-PLUS.</summary>
internal static class ScramMechanism
{
    public const string Plain = "SCRAM-SHA-256";
    public const string Plus = "SCRAM-SHA-256-PLUS";

    /// <summary>What to say about channel binding, and with it which mechanism to name.</summary>
    /// <param name="offered">The server's list, in any order; names we do not know are passed over.</param>
    /// <param name="option">The caller's wish.</param>
    /// <param name="isTls">True when the connection is encrypted.</param>
    /// <param name="bindingData">See <see cref="ChannelBindingData"/>; null where binding is not possible.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Authentication"/>: the wish cannot be met, or nothing offered is known.</exception>
    public static ScramBinding Choose(IEnumerable<string> offered, ChannelBinding option, bool isTls, byte[]? bindingData)
    {
        bool offersPlain = false;
        bool offersPlus = false;
        foreach (string name in offered)
        {
            offersPlain |= name == Plain;
            offersPlus |= name == Plus;
        }

        Check(offersPlain || offersPlus, "The server offers no authentication mechanism that we know (SCRAM-SHA-256 and SCRAM-SHA-256-PLUS).");
        Check(isTls || !offersPlus, "The server offers SCRAM-SHA-256-PLUS without TLS, which no honest server does.");
        if (option == ChannelBinding.Require)
        {
            Check(isTls, "channel_binding=require needs TLS, and this connection has none.");
            Check(offersPlus, "channel_binding=require, but the server does not offer SCRAM-SHA-256-PLUS.");
            Check(bindingData is not null, "channel_binding=require, but no channel binding is defined for the way the server's certificate is signed.");
        }

        if (option == ChannelBinding.Disable || !isTls || bindingData is null)
        {
            Check(offersPlain, option == ChannelBinding.Disable
                ? "The server offers only SCRAM-SHA-256-PLUS, and channel_binding is disable."
                : "The server offers only SCRAM-SHA-256-PLUS, and no channel binding is defined for the way its certificate is signed.");
            return ScramBinding.None;
        }

        return offersPlus ? ScramBinding.ServerEndPoint : ScramBinding.NotOffered;
    }

    private static void Check(bool holds, string message)
    {
        if (!holds)
        {
            throw new StreamRuntimeException(ErrorKind.Authentication, message);
        }
    }
}
