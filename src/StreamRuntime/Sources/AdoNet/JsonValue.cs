using System.Collections;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Writes any value that a provider may return.</summary>
/// <remarks>The forms are listed in <c>ado-net.md</c>, which tests hold to what happens here.</remarks>
internal sealed class JsonValue(JsonSerializerContext? types)
{
    private const int DeepestValue = 64;

    /// <summary>True when an array of objects is a row without names, whose members are called f1, f2 and so on.</summary>
    public bool RecordsAreObjects { get; init; }

    public void Write(object? value, RowBuffer output) => Write(value, output, 0);

    private void Write(object? value, RowBuffer output, int depth)
    {
        if (depth > DeepestValue)
        {
            throw new StreamRuntimeException(ErrorKind.UnsupportedType, $"A value is nested deeper than {DeepestValue} levels.");
        }

        switch (value)
        {
            case null or DBNull:
                output.Write("null"u8);
                break;
            case string text:
                JsonText.WriteString(text, output);
                break;
            case bool yes:
                output.Write(yes ? "true"u8 : "false"u8);
                break;
            case int number:
                JsonNumberText.Write(number, output);
                break;
            case long number:
                JsonNumberText.Write(number, output);
                break;
            case decimal number:
                JsonNumberText.Write(number, output);
                break;
            case double number:
                JsonNumberText.Write(number, output);
                break;
            case DateTime time:
                IsoText.Write(time, output);
                break;
            case byte[] bytes:
                WriteBase64(bytes, output);
                break;
            default:
                if (!TryWriteScalar(value, output))
                {
                    WriteStructure(value, output, depth);
                }

                break;
        }
    }

    private static bool TryWriteScalar(object value, RowBuffer output)
    {
        switch (value)
        {
            case short number:
                JsonNumberText.Write(number, output);
                return true;
            case byte number:
                JsonNumberText.Write(number, output);
                return true;
            case sbyte number:
                JsonNumberText.Write(number, output);
                return true;
            case ushort number:
                JsonNumberText.Write(number, output);
                return true;
            case uint number:
                JsonNumberText.Write(number, output);
                return true;
            case ulong number:
                JsonNumberText.Write(number, output);
                return true;
            case Int128 number:
                JsonNumberText.Write(number, output);
                return true;
            case UInt128 number:
                JsonNumberText.Write(number, output);
                return true;
            case BigInteger number:
                JsonNumberText.Write(number, output);
                return true;
            case float number:
                JsonNumberText.Write(number, output);
                return true;
            case Half number:
                JsonNumberText.Write(number, output);
                return true;
            case DateTimeOffset time:
                IsoText.Write(time, output);
                return true;
            case DateOnly date:
                IsoText.Write(date, output);
                return true;
            case TimeOnly time:
                IsoText.Write(time, output);
                return true;
            case TimeSpan time:
                IsoText.Write(time, output);
                return true;
            case Guid id:
                WriteGuid(id, output);
                return true;
            case char letter:
                JsonText.WriteString([letter], output);
                return true;
            case char[] letters:
                JsonText.WriteString(letters, output);
                return true;
            case ReadOnlyMemory<byte> bytes:
                WriteBase64(bytes.Span, output);
                return true;
            case Memory<byte> bytes:
                WriteBase64(bytes.Span, output);
                return true;
            case ReadOnlyMemory<char> letters:
                JsonText.WriteString(letters.Span, output);
                return true;
            case BitArray bits:
                WriteBits(bits, output);
                return true;
            case PhysicalAddress address:
                WriteAddress(address, output);
                return true;
            case IPAddress or IPNetwork or Uri or Version:
                JsonText.WriteString(value.ToString(), output);
                return true;
            case JsonDocument document:
                WriteJson(document.RootElement, output);
                return true;
            case JsonElement element:
                WriteJson(element, output);
                return true;
            case JsonNode node:
                WriteJson(node, output);
                return true;
            default:
                return false;
        }
    }

    private void WriteStructure(object value, RowBuffer output, int depth)
    {
        if (types?.GetTypeInfo(value.GetType()) is { } known)
        {
            using var json = new Utf8JsonWriter(output);
            JsonSerializer.Serialize(json, value, known);
            return;
        }

        switch (value)
        {
            case object?[] fields when RecordsAreObjects && value.GetType() == typeof(object[]):
                WriteMembers(fields.Select((f, i) => (string.Create(CultureInfo.InvariantCulture, $"f{i + 1}"), f)), output, depth);
                break;
            case Array array:
                int element = 0;
                WriteArray(array, 0, ref element, output, depth);
                break;
            case IEnumerable<KeyValuePair<string, object?>> members:
                WriteMembers(members.Select(m => (m.Key, m.Value)), output, depth);
                break;
            case IDictionary members:
                WriteMembers(members.Keys.Cast<object>().Select(k => (TextOf(k), members[k])), output, depth);
                break;
            case ITuple fields:
                WriteElements(Enumerable.Range(0, fields.Length).Select(i => fields[i]), output, depth);
                break;
            case IList elements:
                WriteElements(elements, output, depth);
                break;
            default:
                JsonText.WriteString(TextOf(value), output);
                break;
        }
    }

    /// <summary>The elements of one dimension, each of which is an array where there are more.</summary>
    private void WriteArray(Array array, int dimension, ref int element, RowBuffer output, int depth)
    {
        output.Write((byte)'[');
        for (int i = 0; i < array.GetLength(dimension); i++)
        {
            if (i > 0)
            {
                output.Write((byte)',');
            }

            if (dimension + 1 < array.Rank)
            {
                WriteArray(array, dimension + 1, ref element, output, depth);
            }
            else
            {
                Write(array.Rank == 1 ? array.GetValue(array.GetLowerBound(0) + i) : ElementOf(array, element++), output, depth + 1);
            }
        }

        output.Write((byte)']');
    }

    private static object? ElementOf(Array array, int element)
    {
        Span<int> at = stackalloc int[array.Rank];
        for (int dimension = array.Rank - 1; dimension >= 0; dimension--)
        {
            int length = array.GetLength(dimension);
            at[dimension] = array.GetLowerBound(dimension) + (element % length);
            element /= length;
        }

        return array.GetValue(at.ToArray());
    }

    private void WriteMembers(IEnumerable<(string Name, object? Value)> members, RowBuffer output, int depth)
    {
        byte before = (byte)'{';
        foreach ((string name, object? value) in members)
        {
            output.Write(before);
            JsonText.WriteString(name, output);
            output.Write((byte)':');
            Write(value, output, depth + 1);
            before = (byte)',';
        }

        output.Write(before == '{' ? "{}"u8 : "}"u8);
    }

    private void WriteElements(IEnumerable elements, RowBuffer output, int depth)
    {
        byte before = (byte)'[';
        foreach (object? element in elements)
        {
            output.Write(before);
            Write(element, output, depth + 1);
            before = (byte)',';
        }

        output.Write(before == '[' ? "[]"u8 : "]"u8);
    }

    public static void WriteGuid(Guid id, RowBuffer output)
    {
        Span<byte> text = stackalloc byte[36];
        id.TryFormat(text, out _);
        JsonText.WritePlainString(text, output);
    }

    private static void WriteBase64(ReadOnlySpan<byte> bytes, RowBuffer output)
    {
        int length = System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length);
        output.CheckRowSize(length);
        output.Write((byte)'"');
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, output.GetSpan(length), out _, out int written);
        output.Advance(written);
        output.Write((byte)'"');
    }

    private static void WriteBits(BitArray bits, RowBuffer output)
    {
        output.Write((byte)'"');
        for (int i = 0; i < bits.Length; i++)
        {
            output.Write((byte)(bits[i] ? '1' : '0'));
        }

        output.Write((byte)'"');
    }

    // As everybody but the type itself writes it.
    private static void WriteAddress(PhysicalAddress address, RowBuffer output) =>
        JsonText.WriteString(string.Join(':', address.GetAddressBytes().Select(b => b.ToString("x2", CultureInfo.InvariantCulture))), output);

    private static void WriteJson(JsonElement element, RowBuffer output)
    {
        using var json = new Utf8JsonWriter(output);
        element.WriteTo(json);
    }

    private static void WriteJson(JsonNode node, RowBuffer output)
    {
        using var json = new Utf8JsonWriter(output);
        node.WriteTo(json);
    }

    /// <summary>A value's own text, in no country's way of writing numbers and dates.</summary>
    private static string TextOf(object value)
    {
        if (value is IFormattable formattable)
        {
            return formattable.ToString(null, CultureInfo.InvariantCulture);
        }

        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            return value.ToString() ?? "";
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
