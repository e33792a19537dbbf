using System.Buffers.Binary;
using StreamRuntime.Postgres.Tests.Transport;

namespace StreamRuntime.Postgres.Tests.Hostile;

/// <summary>Spoils what a server says in one place or a few: bits, bytes, lengths, whole messages.</summary>
/// <remarks>Every choice comes from the generator given, so a case is its seed.</remarks>
internal static class WireMutator
{
    private static readonly int[] Lengths =
        [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 255, 256, 65_535, 65_536, 1 << 20, (1 << 20) + 5, 1 << 30, int.MaxValue, int.MaxValue - 1, int.MaxValue - 4, int.MinValue];

    public static List<byte[]> Mutate(Conversation conversation, Random random)
    {
        var parts = new List<byte[]>(conversation.Parts);
        int changes = 1 + random.Next(3);
        for (int i = 0; i < changes; i++)
        {
            // The rows' part is where most of the code is.
            int part = random.Next(3) == 0 ? random.Next(parts.Count) : parts.Count - 1;
            parts[part] = Mutate(parts[part], random);
        }

        return parts;
    }

    private static byte[] Mutate(byte[] bytes, Random random)
    {
        if (bytes.Length == 0)
        {
            return [(byte)random.Next(256)];
        }

        int at = random.Next(bytes.Length);
        int length = Math.Min(bytes.Length - at, 1 + random.Next(random.Next(2) == 0 ? 4 : 40));
        switch (random.Next(10))
        {
            case 0:
            case 1:
                return Change(bytes, at, (byte)(bytes[at] ^ (1 << random.Next(8))));
            case 2:
                return Change(bytes, at, (byte)random.Next(256));
            case 3:
                return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + length)];
            case 4:
                byte[] inserted = new byte[length];
                random.NextBytes(inserted);
                return [.. bytes.AsSpan(0, at), .. inserted, .. bytes.AsSpan(at)];
            case 5:
                return [.. bytes.AsSpan(0, at + length), .. bytes.AsSpan(at)];
            case 6:
                return bytes[..at];
            case 7:
                return ChangeMessage(bytes, random, static (message, random) =>
                {
                    BinaryPrimitives.WriteInt32BigEndian(
                        message.AsSpan(1), random.Next(2) == 0 ? Lengths[random.Next(Lengths.Length)] : message.Length - 1 + random.Next(-8, 9));
                    return message;
                });
            case 8:
                return ChangeMessage(bytes, random, static (message, random) => random.Next(3) switch
                {
                    0 => [],
                    1 => [.. message, .. message],
                    _ => Change(message, 0, (byte)"RKS123ICDEGHWNnAtTZsvcd"[random.Next(23)]),
                });
            default:
                // A field's length inside a row, where there is one.
                return ChangeMessage(bytes, random, static (message, random) =>
                {
                    if (message.Length >= 11)
                    {
                        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(7), random.Next(2) == 0 ? Lengths[random.Next(Lengths.Length)] : message.Length - 11 + random.Next(-4, 5));
                    }

                    return message;
                });
        }
    }

    private static byte[] Change(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }

    // A message chosen by walking the lengths; in bytes that are spoilt already, wherever the walk ends.
    private static byte[] ChangeMessage(byte[] bytes, Random random, Func<byte[], Random, byte[]> change)
    {
        int messages = random.Next(12);
        int start = 0;
        int end = NextMessage(bytes, start);
        for (int i = 0; i < messages && end < bytes.Length; i++)
        {
            start = end;
            end = NextMessage(bytes, start);
        }

        return end - start < 5 ? bytes : [.. bytes.AsSpan(0, start), .. change(bytes[start..end], random), .. bytes.AsSpan(end)];
    }

    private static int NextMessage(byte[] bytes, int start)
    {
        if (bytes.Length - start < 5)
        {
            return bytes.Length;
        }

        long length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(start + 1));
        return length < 4 || start + 1 + length > bytes.Length ? bytes.Length : (int)(start + 1 + length);
    }
}
