using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Whether two JSON texts say the same: members in the same order, numbers of the same value however they are written.</summary>
internal static class JsonEquality
{
    public static bool AreEqual(string one, string other)
    {
        using var first = JsonDocument.Parse(one);
        using var second = JsonDocument.Parse(other);
        return AreEqual(first.RootElement, second.RootElement);
    }

    private static bool AreEqual(JsonElement one, JsonElement other) => one.ValueKind == other.ValueKind && one.ValueKind switch
    {
        JsonValueKind.Object => one.EnumerateObject().Select(m => m.Name).SequenceEqual(other.EnumerateObject().Select(m => m.Name))
            && one.EnumerateObject().Zip(other.EnumerateObject()).All(m => AreEqual(m.First.Value, m.Second.Value)),
        JsonValueKind.Array => one.GetArrayLength() == other.GetArrayLength() && one.EnumerateArray().Zip(other.EnumerateArray()).All(e => AreEqual(e.First, e.Second)),
        JsonValueKind.Number => Number(one.GetRawText()) == Number(other.GetRawText()),
        JsonValueKind.String => one.GetString() == other.GetString(),
        _ => true,
    };

    /// <summary>A number as digits and a power of ten, neither of which a trailing zero changes.</summary>
    private static (BigInteger Digits, int Power) Number(string text)
    {
        int exponent = text.IndexOfAny(['e', 'E']);
        int power = exponent < 0 ? 0 : int.Parse(text[(exponent + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string digits = exponent < 0 ? text : text[..exponent];
        int point = digits.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            power -= digits.Length - point - 1;
            digits = digits.Remove(point, 1);
        }

        int zeros = digits.Length - digits.TrimEnd('0').Length;
        var value = BigInteger.Parse(digits, CultureInfo.InvariantCulture);
        return value.IsZero ? (value, 0) : (BigInteger.Parse(digits[..^zeros], CultureInfo.InvariantCulture), power + zeros);
    }
}
