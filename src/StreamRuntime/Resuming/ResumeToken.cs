using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace StreamRuntime.Resuming;

/// <summary>A place in a result as text that clients carry: base64url of a version byte and the protected content.</summary>
/// <remarks>
/// The content is the version again, so that it is authenticated too, a flag, the times of issue and expiry in Unix milliseconds, the rows delivered, the fingerprint, and
/// the source's place, which is the rest.
/// </remarks>
internal static class ResumeToken
{
    private const byte Version = 1;
    private const byte CompleteFlag = 1;
    private const int HeadBytes = 2 + 3 * sizeof(long);
    private const int SmallestContent = HeadBytes + 2 * ResumeFingerprint.HalfBytes;

    // Far more than a key of the largest kind takes: what is longer is not looked at.
    private const int LongestText = 64 * 1024;

    public static string Write(ResumeTokenOptions options, TimeProvider time, ResumeFingerprint fingerprint, in ResumePoint point)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        byte[] content = new byte[SmallestContent + point.Place.Length];
        content[0] = Version;
        content[1] = point.IsComplete ? CompleteFlag : (byte)0;
        Span<byte> rest = content.AsSpan(2);
        BinaryPrimitives.WriteInt64BigEndian(rest, now);
        BinaryPrimitives.WriteInt64BigEndian(rest[8..], Expiry(now, options.TokenLifetime));
        BinaryPrimitives.WriteInt64BigEndian(rest[16..], point.Rows);
        fingerprint.Query.CopyTo(rest[24..]);
        fingerprint.Parameters.CopyTo(rest[(24 + ResumeFingerprint.HalfBytes)..]);
        point.Place.CopyTo(content, SmallestContent);
        string text = Base64Url.EncodeToString([Version, .. options.Protector.Protect(content)]);
        return text.Length <= LongestText
            ? text
            : throw new StreamRuntimeException(ErrorKind.MessageTooLarge, $"A resume token of {text.Length} characters is longer than the {LongestText} one may have. Use a key with smaller values.");
    }

    /// <summary>Reads a token that must fit.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.ResumeRefused"/> or <see cref="ErrorKind.ResumeExpired"/>, with the reason.</exception>
    public static ResumePoint Read(ResumeTokenOptions options, TimeProvider time, ResumeFingerprint fingerprint, string text)
    {
        byte[] content = Open(options, text);
        ReadOnlySpan<byte> rest = content.AsSpan(2);
        long expiry = BinaryPrimitives.ReadInt64BigEndian(rest[8..]);
        long rows = BinaryPrimitives.ReadInt64BigEndian(rest[16..]);

        // What is authentic and makes no sense was made by another program with the same keys.
        if (content[1] > CompleteFlag || rows < 0)
        {
            Refuse("its content is not one of ours");
        }

        if (expiry <= time.GetUtcNow().ToUnixTimeMilliseconds())
        {
            string when = expiry > 0 ? $" at {DateTimeOffset.FromUnixTimeMilliseconds(expiry):yyyy-MM-dd HH:mm:ss} UTC" : "";
            throw new StreamRuntimeException(ErrorKind.ResumeExpired, $"The resume token is refused: it has expired{when}.");
        }

        if (!rest.Slice(24, ResumeFingerprint.HalfBytes).SequenceEqual(fingerprint.Query))
        {
            Refuse("it was made for another query or another key");
        }

        if (!rest.Slice(24 + ResumeFingerprint.HalfBytes, ResumeFingerprint.HalfBytes).SequenceEqual(fingerprint.Parameters))
        {
            Refuse("it was made for other parameter values");
        }

        return new ResumePoint(content[SmallestContent..], rows, content[1] == CompleteFlag);
    }

    private static byte[] Open(ResumeTokenOptions options, string text)
    {
        // The characters first, since the decoder passes over white space, which would let one token have several texts.
        if (text.Length is 0 or > LongestText || text.AsSpan().ContainsAnyExcept(Characters))
        {
            Refuse("it is no token");
        }

        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(text);
        }
        catch (FormatException)
        {
            Refuse("it is no token");
            throw;
        }

        // Bits that the last character has to spare would also let it have several.
        if (bytes.Length == 0 || Base64Url.EncodeToString(bytes) != text)
        {
            Refuse("it is no token");
        }

        if (bytes[0] != Version)
        {
            Refuse($"it is of version {bytes[0]}, and this program knows version {Version}");
        }

        if (!options.Protector.TryUnprotect(bytes.AsSpan(1), out byte[]? content))
        {
            Refuse("it is not authentic: it was changed, or made with a key that is not known here");
        }

        if (content.Length < SmallestContent || content[0] != Version)
        {
            Refuse("its content is not one of ours");
        }

        return content;
    }

    private static System.Buffers.SearchValues<char> Characters { get; } =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static long Expiry(long now, TimeSpan lifetime)
    {
        double ms = lifetime.TotalMilliseconds;
        return lifetime == Timeout.InfiniteTimeSpan ? long.MaxValue : now + (long)Math.Ceiling(ms);
    }

    [DoesNotReturn]
    private static void Refuse(string why) => throw new StreamRuntimeException(ErrorKind.ResumeRefused, $"The resume token is refused: {why}.");
}
