namespace StreamRuntime.Connections;

/// <summary>What a <see cref="ConnectionPool{TConnection}"/> asks of its connections.</summary>
/// <remarks>The pool calls one member at a time, and only while nobody leases the connection.</remarks>
public interface IPooledConnection : IAsyncDisposable
{
    /// <summary>
    /// False once it shows that the connection can't be used any more: the peer closed it, say. Called before a connection that was idle for a while is handed
    /// out, so it must not wait for anything; a system call is cheap enough.
    /// </summary>
    bool IsUsable { get; }
}
