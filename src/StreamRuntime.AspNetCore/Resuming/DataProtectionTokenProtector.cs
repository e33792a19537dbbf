using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using StreamRuntime.Resuming;

namespace StreamRuntime.AspNetCore.Resuming;

/// <summary>Protects resume tokens by ASP.NET Core's Data Protection: nodes that share its key ring and application name read each other's tokens, and its keys change by themselves.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class DataProtectionTokenProtector : IResumeTokenProtector
{
    private const string Purpose = "StreamRuntime.ResumeToken.v1";

    private readonly IDataProtector _protector;

    /// <summary>Makes a protector.</summary>
    /// <param name="provider">The application's Data Protection.</param>
    public DataProtectionTokenProtector(IDataProtectionProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        _protector = provider.CreateProtector(Purpose);
    }

    /// <inheritdoc/>
    public byte[] Protect(ReadOnlySpan<byte> content) => _protector.Protect(content.ToArray());

    /// <inheritdoc/>
    public bool TryUnprotect(ReadOnlySpan<byte> protectedContent, [NotNullWhen(true)] out byte[]? content)
    {
        try
        {
            content = _protector.Unprotect(protectedContent.ToArray());
            return true;
        }
        catch (CryptographicException)
        {
            // Changed, made up, or of a key that is not in the ring, or was revoked. Data Protection has no other way to say so.
            content = null;
            return false;
        }
    }
}
