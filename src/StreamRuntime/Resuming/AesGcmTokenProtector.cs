using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace StreamRuntime.Resuming;

/// <summary>Protects resume tokens with AES-GCM and a random nonce. Tokens are made with the first key and read with any, so that keys can be changed without a break.</summary>
/// <remarks>
/// Thread-safe. With random nonces a key is good for some four billion tokens; change it long before. To change it, put the new one first, and drop the old one when its
/// last token has expired.
/// </remarks>
public sealed class AesGcmTokenProtector : IResumeTokenProtector
{
    private const int IdBytes = 4;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly (byte[] Id, byte[] Key)[] _keys;

    /// <summary>Makes a protector.</summary>
    /// <param name="keys">Secret random keys of 16, 24 or 32 bytes, at least one; copied.</param>
    /// <exception cref="ArgumentException">There is no key, or one has another length.</exception>
    public AesGcmTokenProtector(params IReadOnlyList<byte[]> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Count == 0)
        {
            throw new ArgumentException("At least one key is needed.", nameof(keys));
        }

        _keys = new (byte[], byte[])[keys.Count];
        for (int i = 0; i < keys.Count; i++)
        {
            if (keys[i]?.Length is not (16 or 24 or 32))
            {
                throw new ArgumentException($"A key is 16, 24 or 32 bytes long, but key {i + 1} has {keys[i]?.Length ?? 0}.", nameof(keys));
            }

            // Says which key a token was made with; of the key itself it says nothing.
            _keys[i] = (HMACSHA256.HashData(keys[i], "resume token key"u8)[..IdBytes], (byte[])keys[i].Clone());
        }
    }

    /// <inheritdoc/>
    public byte[] Protect(ReadOnlySpan<byte> content)
    {
        (byte[] id, byte[] key) = _keys[0];
        byte[] made = new byte[IdBytes + NonceBytes + TagBytes + content.Length];
        id.CopyTo(made, 0);
        Span<byte> nonce = made.AsSpan(IdBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, content, made.AsSpan(IdBytes + NonceBytes + TagBytes), made.AsSpan(IdBytes + NonceBytes, TagBytes));
        return made;
    }

    /// <inheritdoc/>
    public bool TryUnprotect(ReadOnlySpan<byte> protectedContent, [NotNullWhen(true)] out byte[]? content)
    {
        content = null;
        if (protectedContent.Length < IdBytes + NonceBytes + TagBytes)
        {
            return false;
        }

        foreach ((byte[] id, byte[] key) in _keys)
        {
            // Two keys may share an id by chance, so a failure is not yet the answer.
            if (protectedContent[..IdBytes].SequenceEqual(id) && TryDecrypt(protectedContent[IdBytes..], key, out content))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryDecrypt(ReadOnlySpan<byte> sealedContent, byte[] key, [NotNullWhen(true)] out byte[]? content)
    {
        byte[] opened = new byte[sealedContent.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(sealedContent[..NonceBytes], sealedContent[(NonceBytes + TagBytes)..], sealedContent.Slice(NonceBytes, TagBytes), opened);
        }
        catch (AuthenticationTagMismatchException)
        {
            content = null;
            return false;
        }

        content = opened;
        return true;
    }
}
