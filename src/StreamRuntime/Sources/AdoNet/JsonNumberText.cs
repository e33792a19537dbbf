using System.Globalization;
using System.Numerics;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Numbers as JSON, exactly: whole numbers of any size, decimals with their scale, and floating point so short that it reads back as the same value.</summary>
internal static class JsonNumberText
{
    // Decimals, 128-bit numbers and doubles are all shorter.
    private const int MostBytes = 48;

    /// <summary>A number of a type that cannot be anything else.</summary>
    public static void Write<T>(T value, RowBuffer output)
        where T : IUtf8SpanFormattable
    {
        Span<byte> free = output.GetSpan(MostBytes);
        value.TryFormat(free, out int written, default, CultureInfo.InvariantCulture);
        output.Advance(written);
    }

    /// <summary>JSON has no word for what is not finite, so those are strings.</summary>
    public static void Write(double value, RowBuffer output)
    {
        if (double.IsFinite(value))
        {
            Write<double>(value, output);
        }
        else
        {
            WriteNonFinite(double.IsNaN(value), value < 0, output);
        }
    }

    public static void Write(float value, RowBuffer output)
    {
        if (float.IsFinite(value))
        {
            Write<float>(value, output);
        }
        else
        {
            WriteNonFinite(float.IsNaN(value), value < 0, output);
        }
    }

    public static void Write(Half value, RowBuffer output)
    {
        if (Half.IsFinite(value))
        {
            Write<Half>(value, output);
        }
        else
        {
            WriteNonFinite(Half.IsNaN(value), Half.IsNegative(value), output);
        }
    }

    public static void Write(BigInteger value, RowBuffer output) => JsonText.WriteRaw(value.ToString(CultureInfo.InvariantCulture), output);

    public static void WriteNonFinite(bool isNaN, bool isNegative, RowBuffer output) =>
        output.Write(isNaN ? "\"NaN\""u8 : isNegative ? "\"-Infinity\""u8 : "\"Infinity\""u8);
}
