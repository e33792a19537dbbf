namespace StreamRuntime.Benchmarks.Streams;

/// <summary>A byte in an object: the least a state could be.</summary>
internal sealed class PlainByte
{
    public byte Value;
}
