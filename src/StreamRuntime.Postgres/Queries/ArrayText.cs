using System.Collections;
using System.Numerics;
using System.Text;

namespace StreamRuntime.Postgres.Queries;

/// <summary>Lists of .NET values as one-dimensional PostgreSQL arrays in text form.</summary>
internal static class ArrayText
{
    /// <summary>The parameter for a list; an exception that names the type if it is none.</summary>
    public static PostgresParameter Format(object value)
    {
        if (!TryElementType(value, out Type? elementType))
        {
            throw Unsupported(value.GetType());
        }

        uint? oid = null;
        var text = new StringBuilder("{");
        foreach (object? element in (IEnumerable)value)
        {
            if (text.Length > 1)
            {
                text.Append(',');
            }

            if (element is null or DBNull)
            {
                text.Append("NULL");
                continue;
            }

            if (!ScalarText.TryFormat(element, out PostgresParameter scalar))
            {
                throw Unsupported(element.GetType());
            }

            if (oid is { } seen && seen != scalar.TypeOid)
            {
                throw new StreamRuntimeException(
                    ErrorKind.Configuration,
                    $"The values of one array have several PostgreSQL types ({seen} and {scalar.TypeOid}); an array has one.");
            }

            oid = scalar.TypeOid;
            AppendQuoted(text, scalar.Text!);
        }

        // Without a value to ask, the list's own type answers, so that an empty list is sent as what a filled one is.
        return new PostgresParameter(ParameterTypes.ArrayOf(oid ?? ParameterTypes.OidOf(elementType)), text.Append('}').ToString());
    }

    // Every value is quoted: an empty one, one that reads NULL and one with a comma or a brace then need no rules of their own.
    private static void AppendQuoted(StringBuilder text, string element)
    {
        text.Append('"');
        foreach (char c in element)
        {
            if (c is '"' or '\\')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        text.Append('"');
    }

    private static bool TryElementType(object value, out Type elementType)
    {
        Type type = value.GetType();
        if (type.IsArray)
        {
            // Asked for its own element type, because to a pattern an array of an enum is also one of numbers.
            elementType = type.GetElementType()!;
            return type.IsSZArray;
        }

        // Spelled out, since walking a type's interfaces is not safe to trim.
        elementType = value switch
        {
            IReadOnlyList<bool> or IReadOnlyList<bool?> => typeof(bool),
            IReadOnlyList<byte> or IReadOnlyList<byte?> => typeof(byte),
            IReadOnlyList<sbyte> or IReadOnlyList<sbyte?> => typeof(sbyte),
            IReadOnlyList<short> or IReadOnlyList<short?> => typeof(short),
            IReadOnlyList<ushort> or IReadOnlyList<ushort?> => typeof(ushort),
            IReadOnlyList<int> or IReadOnlyList<int?> => typeof(int),
            IReadOnlyList<uint> or IReadOnlyList<uint?> => typeof(uint),
            IReadOnlyList<long> or IReadOnlyList<long?> => typeof(long),
            IReadOnlyList<ulong> or IReadOnlyList<ulong?> => typeof(ulong),
            IReadOnlyList<float> or IReadOnlyList<float?> => typeof(float),
            IReadOnlyList<double> or IReadOnlyList<double?> => typeof(double),
            IReadOnlyList<decimal> or IReadOnlyList<decimal?> => typeof(decimal),
            IReadOnlyList<BigInteger> or IReadOnlyList<BigInteger?> => typeof(BigInteger),
            IReadOnlyList<Guid> or IReadOnlyList<Guid?> => typeof(Guid),
            IReadOnlyList<DateTime> or IReadOnlyList<DateTime?> => typeof(DateTime),
            IReadOnlyList<DateTimeOffset> or IReadOnlyList<DateTimeOffset?> => typeof(DateTimeOffset),
            IReadOnlyList<DateOnly> or IReadOnlyList<DateOnly?> => typeof(DateOnly),
            IReadOnlyList<TimeOnly> or IReadOnlyList<TimeOnly?> => typeof(TimeOnly),
            IReadOnlyList<TimeSpan> or IReadOnlyList<TimeSpan?> => typeof(TimeSpan),
            IReadOnlyList<byte[]?> => typeof(byte[]),
            IReadOnlyList<ReadOnlyMemory<byte>> or IReadOnlyList<ReadOnlyMemory<byte>?> => typeof(ReadOnlyMemory<byte>),
            IReadOnlyList<object?> or IList => typeof(object),
            _ => typeof(void),
        };
        return elementType != typeof(void);
    }

    private static StreamRuntimeException Unsupported(Type type) => new(
        ErrorKind.Configuration,
        $"A value of type {type} cannot be a parameter. Convert it to a supported type, or give its text form as a PostgresParameter.");
}
