using System.Text;

namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>What the client program wrote to its standard error: the last few kilobytes, and whether the login has succeeded.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class SshMessages
{
    // The warning about a changed host key is the longest there is, with 1 KiB.
    private const int MostKept = 8 * 1024;

    private readonly Lock _lock = new();
    private readonly byte[] _kept = new byte[MostKept];
    private int _length;

    /// <summary>Adds bytes; of too many the first go.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            bytes = bytes[Math.Max(0, bytes.Length - MostKept)..];
            int dropped = Math.Max(0, _length + bytes.Length - MostKept);
            _kept.AsSpan(dropped, _length - dropped).CopyTo(_kept);
            _length -= dropped;
            bytes.CopyTo(_kept.AsSpan(_length));
            _length += bytes.Length;
        }
    }

    public bool SayAuthenticated
    {
        get
        {
            lock (_lock)
            {
                ReadOnlySpan<byte> kept = _kept.AsSpan(0, _length);
                return kept.StartsWith("Authenticated to "u8) || kept.IndexOf("\nAuthenticated to "u8) >= 0;
            }
        }
    }

    public string Text
    {
        get
        {
            lock (_lock)
            {
                return Encoding.UTF8.GetString(_kept, 0, _length);
            }
        }
    }
}
