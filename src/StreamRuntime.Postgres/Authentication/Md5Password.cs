using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace StreamRuntime.Postgres.Authentication;

/// <summary>The answer to PostgreSQL's MD5 challenge.</summary>
internal static class Md5Password
{
    public const int SaltBytes = 4;

    /// <summary>"md5", then in hex the MD5 of (the hex MD5 of password and user) and salt.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "The protocol's own hash; used only where the options name md5.")]
    public static string Compute(string user, string password, ReadOnlySpan<byte> salt)
    {
        if (salt.Length != SaltBytes)
        {
            throw new StreamRuntimeException(ErrorKind.Authentication, $"The server's MD5 challenge has {salt.Length} bytes of salt instead of {SaltBytes}.");
        }

        byte[] secret = Encoding.UTF8.GetBytes(password + user);
        Span<byte> salted = stackalloc byte[(2 * MD5.HashSizeInBytes) + SaltBytes];
        try
        {
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(MD5.HashData(secret)), salted);
            salt.CopyTo(salted[(2 * MD5.HashSizeInBytes)..]);
            return "md5" + Convert.ToHexStringLower(MD5.HashData(salted));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(salted);
        }
    }
}
