using System.Net;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>How columns of Npgsql are read where its own types would lose something, or make an object of each value.</summary>
/// <remarks>
/// Every choice looks at the type that Npgsql states as well as at the server's: a plug-in or a setting may have the column come as something else,
/// and then it is read as that.
/// </remarks>
internal static class NpgsqlColumns
{
    /// <summary>True for the types whose value on the wire is their text.</summary>
    public static bool IsText(string typeName) => typeName is "text" or "character varying" or "character" or "name" or "xml" or "citext" or "unknown";

    /// <summary>Null when there is nothing special about the column.</summary>
    public static JsonColumn? TrySelect(int ordinal, string name, string typeName, Type type, DataReaderRowsOptions options)
    {
        bool isSequential = options.SequentialAccess;
        return typeName switch
        {
            _ when IsText(typeName) && type == typeof(string) => new TextBytesColumn(ordinal, name, isSequential, knowsLength: true),
            "oid" or "xid" or "cid" when type == typeof(uint) => Wire(),
            "xid8" when type == typeof(ulong) => Wire(),
            "\"char\"" or "char" when type == typeof(char) => Wire(),
            "inet" or "cidr" when type == typeof(IPAddress) || type == typeof(IPNetwork) || type.Namespace == "NpgsqlTypes" => Wire(),
            "oidvector" => Wire(),
            _ when typeName.EndsWith("range", StringComparison.Ordinal) && type != typeof(string) && PostgresWire.FindFormat(typeName) is not null => Wire(),
            "numeric" when type == typeof(decimal) => new WireColumn(ordinal, name, PostgresText.TryWriteNumeric, isSequential),
            "interval" when type == typeof(TimeSpan) => new WireColumn(ordinal, name, PostgresText.TryWriteInterval, isSequential),
            "time with time zone" when type == typeof(DateTimeOffset) => new WireColumn(ordinal, name, PostgresText.TryWriteTimeWithZone, isSequential),
            "date" when type == typeof(DateOnly) || type == typeof(DateTime) => Field<int>(PostgresText.WriteDate),
            "time without time zone" or "time" when type == typeof(TimeOnly) || type == typeof(TimeSpan) => Field<long>(PostgresText.WriteTime),
            "timestamp without time zone" or "timestamp" when type == typeof(DateTime) => Field<long>(PostgresText.WriteTimestamp),
            "timestamp with time zone" when type == typeof(DateTime) => Field<long>(PostgresText.WriteTimestampWithZone),
            _ when typeName.EndsWith("[]", StringComparison.Ordinal) && type != typeof(string) && PostgresWire.FindFormat(typeName[..^2]) is { } element =>
                new WireColumn(ordinal, name, (wire, output) => PostgresWire.TryWriteArray(wire, element, output), isSequential),
            "record" or "record[]" => Values(recordsAreObjects: true),
            _ => null,
        };

        WireColumn Wire() => new(ordinal, name, PostgresWire.FindFormat(typeName)!, isSequential);

        TypedColumn<T> Field<T>(Action<T, RowBuffer> write) => new(ordinal, name, static (r, i) => r.GetFieldValue<T>(i), write, isSequential);

        TypedColumn<object> Values(bool recordsAreObjects) => new(
            ordinal,
            name,
            static (r, i) => r.GetValue(i),
            new JsonValue(options.ValueTypes) { RecordsAreObjects = recordsAreObjects }.Write,
            isSequential);
    }
}
