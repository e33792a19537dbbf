namespace StreamRuntime.AspNetCore.Tests.Hosting;

/// <summary>A database's error, with a message that no client may see.</summary>
internal sealed class ServerFailure(string sqlState, string message) : StreamRuntimeException(ErrorKind.Server, message)
{
    public override string SqlState => sqlState;
}
