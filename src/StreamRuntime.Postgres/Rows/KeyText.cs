using System.Buffers.Binary;
using System.Text;

namespace StreamRuntime.Postgres.Rows;

/// <summary>A key's values as they stand in a row's message, and as places hold them: each a length and a text.</summary>
internal static class KeyText
{
    /// <summary>The length of a key that has been checked.</summary>
    public static int LengthAt(ReadOnlySpan<byte> bytes, int columns)
    {
        int at = 0;
        for (int i = 0; i < columns; i++)
        {
            at += sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
        }

        return at;
    }

    /// <summary>One value of a key that has been checked.</summary>
    public static ReadOnlySpan<byte> ValueAt(ReadOnlySpan<byte> key, int column)
    {
        ReadOnlySpan<byte> rest = key[LengthAt(key, column)..];
        return rest.Slice(sizeof(int), BinaryPrimitives.ReadInt32BigEndian(rest));
    }

    /// <summary>The values of a place, from wherever it comes; null if it is none of a key of so many columns.</summary>
    public static string[]? TryRead(ReadOnlySpan<byte> place, int columns)
    {
        string[] values = new string[columns];
        for (int i = 0; i < columns; i++)
        {
            if (!BinaryPrimitives.TryReadInt32BigEndian(place, out int length) || (uint)length > (uint)(place.Length - sizeof(int)))
            {
                return null;
            }

            values[i] = Encoding.UTF8.GetString(place.Slice(sizeof(int), length));
            place = place[(sizeof(int) + length)..];
        }

        return place.IsEmpty ? values : null;
    }
}
