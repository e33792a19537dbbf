namespace StreamRuntime.Postgres.Authentication;

/// <summary>What the client says about channel binding: the flag that opens the SCRAM exchange (RFC 5802, section 7).</summary>
internal enum ScramBinding : byte
{
    /// <summary><c>n</c>: we do not bind.</summary>
    None = 0,

    /// <summary><c>y</c>: we would, but the server did not offer it. A server that did offer it then knows that somebody removed the offer.</summary>
    NotOffered = 1,

    /// <summary><c>p=tls-server-end-point</c>: bound to the server's certificate.</summary>
    ServerEndPoint = 2,
}
