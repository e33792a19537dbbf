using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace StreamRuntime.Resuming;

/// <summary>What a resume token was made from, in 16 bytes for the query and 16 for its parameters' values: beginnings of SHA-256.</summary>
/// <remarks>Immutable. A token is refused unless both are the same, and the refusal says which is not.</remarks>
public sealed class ResumeFingerprint
{
    /// <summary>The size of each half, in bytes.</summary>
    public const int HalfBytes = 16;

    private readonly byte[] _bytes;

    private ResumeFingerprint(byte[] bytes) => _bytes = bytes;

    /// <summary>The query's half.</summary>
    public ReadOnlySpan<byte> Query => _bytes.AsSpan(0, HalfBytes);

    /// <summary>The half of the parameters' values.</summary>
    public ReadOnlySpan<byte> Parameters => _bytes.AsSpan(HalfBytes);

    /// <summary>Makes a fingerprint.</summary>
    /// <param name="query">What makes two queries the same but for their values: the kind of source, the statement, the key. Where each text ends counts too.</param>
    /// <param name="parameters">The values; null is a value of its own.</param>
    public static ResumeFingerprint Create(IEnumerable<string?> query, IEnumerable<string?> parameters)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(parameters);
        byte[] bytes = new byte[2 * HalfBytes];
        Hash(query).AsSpan(0, HalfBytes).CopyTo(bytes);
        Hash(parameters).AsSpan(0, HalfBytes).CopyTo(bytes.AsSpan(HalfBytes));
        return new ResumeFingerprint(bytes);
    }

    private static byte[] Hash(IEnumerable<string?> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (string? text in texts)
        {
            byte[] bytes = text is null ? [] : Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt32BigEndian(length, text is null ? -1 : bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}
