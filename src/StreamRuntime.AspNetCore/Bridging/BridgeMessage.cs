namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>Bytes on their way from one side to the other. Pooled; whoever holds it owns its buffer.</summary>
internal sealed class BridgeMessage
{
    public byte[] Buffer { get; set; } = [];

    public int Length { get; set; }

    public bool EndsMessage { get; set; }

    public bool IsText { get; set; }

    public ReadOnlyMemory<byte> Bytes => Buffer.AsMemory(0, Length);
}
