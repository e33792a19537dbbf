using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>The message that a connection read last; the next read changes it.</summary>
/// <remarks>One a connection. A class rather than a tuple, for which the runtime would have to compile every async method again at start-up.</remarks>
internal sealed class IncomingMessage
{
    private BackendMessageType _type;
    private ReadOnlyMemory<byte> _body;

    public void Set(BackendMessageType type, ReadOnlyMemory<byte> body)
    {
        _type = type;
        _body = body;
    }

    public void Deconstruct(out BackendMessageType type, out ReadOnlyMemory<byte> body)
    {
        type = _type;
        body = _body;
    }
}
