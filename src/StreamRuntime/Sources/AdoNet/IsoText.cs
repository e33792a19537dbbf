using System.Globalization;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Dates and times in ISO 8601, as short as they can be without losing anything.</summary>
internal static class IsoText
{
    private const int MostBytes = 48;

    /// <summary>A date and time of day; with an offset where the value says of which zone it is.</summary>
    public static void Write(DateTime value, RowBuffer output)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        value.TryFormat(text, out int length, "O", CultureInfo.InvariantCulture);
        WriteTrimmed(text[..length], output);
    }

    public static void Write(DateTimeOffset value, RowBuffer output)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        value.TryFormat(text, out int length, "O", CultureInfo.InvariantCulture);
        WriteTrimmed(text[..length], output);
    }

    public static void Write(DateOnly value, RowBuffer output)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        value.TryFormat(text, out int length, "O", CultureInfo.InvariantCulture);
        JsonText.WritePlainString(text[..length], output);
    }

    public static void Write(TimeOnly value, RowBuffer output)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        value.TryFormat(text, out int length, "O", CultureInfo.InvariantCulture);
        WriteTrimmed(text[..length], output);
    }

    /// <summary>A duration as <c>[-][d.]hh:mm:ss[.fffffff]</c>.</summary>
    public static void Write(TimeSpan value, RowBuffer output)
    {
        Span<byte> text = stackalloc byte[MostBytes];
        value.TryFormat(text, out int length, "c", CultureInfo.InvariantCulture);
        WriteTrimmed(text[..length], output);
    }

    // The formats above print seven digits of a second and no fewer, and call UTC by its letter.
    private static void WriteTrimmed(ReadOnlySpan<byte> text, RowBuffer output)
    {
        int seconds = text.LastIndexOf((byte)':');
        int zone = text.Length;
        ReadOnlySpan<byte> offset = [];
        if (text[^1] == 'Z')
        {
            zone--;
            offset = "+00:00"u8;
        }
        else if (text.Length > 6 && text[^6] is (byte)'+' or (byte)'-' && text.Contains((byte)'T'))
        {
            zone -= 6;
            offset = text[zone..];
            seconds = text[..zone].LastIndexOf((byte)':');
        }

        ReadOnlySpan<byte> time = text[..zone];
        int point = time[seconds..].IndexOf((byte)'.');
        if (point >= 0)
        {
            time = time.TrimEnd((byte)'0');
            if (time[^1] == '.')
            {
                time = time[..^1];
            }
        }

        output.Write((byte)'"');
        output.Write(time);
        output.Write(offset);
        output.Write((byte)'"');
    }
}
