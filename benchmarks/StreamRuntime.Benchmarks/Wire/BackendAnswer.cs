using System.Buffers.Binary;

namespace StreamRuntime.Benchmarks.Wire;

/// <summary>Whole messages of a server, one after the other.</summary>
internal sealed record BackendAnswer(byte[] Bytes)
{
    /// <summary>The messages of some types, in the order they came in.</summary>
    public byte[] Select(string types)
    {
        using var selected = new MemoryStream();
        for (int at = 0; at < Bytes.Length;)
        {
            int length = 1 + BinaryPrimitives.ReadInt32BigEndian(Bytes.AsSpan(at + 1));
            if (types.Contains((char)Bytes[at], StringComparison.Ordinal))
            {
                selected.Write(Bytes, at, length);
            }

            at += length;
        }

        return selected.ToArray();
    }
}
