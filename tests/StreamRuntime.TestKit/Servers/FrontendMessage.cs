using System.Text;

namespace StreamRuntime.TestKit.Servers;

/// <summary>A message a client sent after its start-up.</summary>
/// <param name="Type">Its type byte.</param>
/// <param name="Body">Its bytes after the length.</param>
public sealed record FrontendMessage(char Type, byte[] Body)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Type}({Encoding.Latin1.GetString(Body)})";
}

/// <summary>A client's start-up message.</summary>
/// <param name="Protocol">The protocol's version, major in the upper 16 bits.</param>
/// <param name="Parameters">User, database and the session parameters.</param>
public sealed record StartUpMessage(int Protocol, IReadOnlyDictionary<string, string> Parameters);

/// <summary>A request to cancel, received on a connection of its own.</summary>
/// <param name="ProcessId">The process it names.</param>
/// <param name="Secret">The key it shows.</param>
/// <param name="OverTls">Whether it came through TLS.</param>
public sealed record CancelRequest(int ProcessId, byte[] Secret, bool OverTls);
