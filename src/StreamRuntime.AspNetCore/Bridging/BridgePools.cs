using System.Buffers;
using Microsoft.Extensions.ObjectPool;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Where messages and their bytes come from and go back to.</summary>
/// <remarks>Thread-safe, as its pools are.</remarks>
internal sealed class BridgePools
{
    // Enough for thousands of sessions that each have a message under way in both directions.
    private const int MostMessagesKept = 16 * 1024;

    private readonly ObjectPool<BridgeMessage> _messages;
    private readonly ArrayPool<byte> _bytes;

    public BridgePools(ObjectPool<BridgeMessage> messages, ArrayPool<byte> bytes)
    {
        _messages = messages;
        _bytes = bytes;
    }

    public static BridgePools Shared { get; } =
        new(new DefaultObjectPool<BridgeMessage>(new DefaultPooledObjectPolicy<BridgeMessage>(), MostMessagesKept), ArrayPool<byte>.Shared);

    public BridgeMessage Rent(int bytes)
    {
        BridgeMessage message = _messages.Get();
        message.Buffer = _bytes.Rent(bytes);
        return message;
    }

    public void Return(BridgeMessage message)
    {
        byte[] buffer = message.Buffer;
        message.Buffer = [];
        message.Length = 0;
        message.EndsMessage = false;
        message.IsText = false;
        _messages.Return(message);
        _bytes.Return(buffer);
    }
}
