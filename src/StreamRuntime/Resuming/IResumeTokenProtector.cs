using System.Diagnostics.CodeAnalysis;

namespace StreamRuntime.Resuming;

/// <summary>Encrypts and authenticates what a resume token holds, so that clients can carry it and can neither read nor change it.</summary>
/// <remarks>Thread-safe, as one serves all streams of a process. <see cref="AesGcmTokenProtector"/> is one.</remarks>
public interface IResumeTokenProtector
{
    /// <summary>Protects a token's content, some 60 bytes and the key's values.</summary>
    byte[] Protect(ReadOnlySpan<byte> content);

    /// <summary>Gives back what <see cref="Protect"/> was given. False, without an exception, for bytes that were made with an unknown key, changed, or made up.</summary>
    bool TryUnprotect(ReadOnlySpan<byte> protectedContent, [NotNullWhen(true)] out byte[]? content);
}
