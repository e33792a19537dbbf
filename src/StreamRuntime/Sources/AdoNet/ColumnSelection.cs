using System.Data;
using System.Data.Common;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Chooses, once for a result, how each column is read.</summary>
internal sealed class ColumnSelection(DbDataReader reader, DataReaderRowsOptions options)
{
    private readonly ReaderKind _kind = ReaderKinds.Of(reader);
    private readonly JsonValue _values = new(options.ValueTypes);

    /// <summary>The columns of the reader's current result.</summary>
    /// <param name="isObject">True when a row is an object, false when it is the value of its one column.</param>
    public JsonColumn[] Select(out bool isObject)
    {
        int count = reader.FieldCount;
        isObject = count != 1 || options.SingleColumn == SingleColumnForm.Wrapped
            || !(options.SingleColumn == SingleColumnForm.Json || IsJsonType(TypeName(0)) || options.JsonColumns.Contains(reader.GetName(0)));
        var columns = new JsonColumn[count];
        for (int i = 0; i < count; i++)
        {
            columns[i] = Select(i, isObject);
            if (isObject)
            {
                columns[i].Key = [(byte)(i == 0 ? '{' : ','), .. JsonText.ToJsonString(reader.GetName(i)), (byte)':'];
            }
        }

        return columns;
    }

    /// <summary>What the provider calls the type of a column, without length or precision.</summary>
    public string TypeName(int ordinal)
    {
        try
        {
            string name = reader.GetDataTypeName(ordinal) ?? "";
            int open = name.IndexOf('(', StringComparison.Ordinal);
            int close = name.IndexOf(')', StringComparison.Ordinal);
            return open >= 0 && close > open ? string.Concat(name.AsSpan(0, open), name.AsSpan(close + 1)) : name;
        }
        catch (Exception refusal) when (refusal is NotSupportedException or NotImplementedException)
        {
            // A name is only a hint, and some readers know none.
            return "";
        }
    }

    private JsonColumn Select(int ordinal, bool isObject)
    {
        string name = reader.GetName(ordinal);
        string typeName = TypeName(ordinal);
        bool isJsonType = IsJsonType(typeName);
        if (!isObject || isJsonType || options.JsonColumns.Contains(name))
        {
            return _kind == ReaderKind.Npgsql && (isJsonType || NpgsqlColumns.IsText(typeName))
                ? new JsonBytesColumn(ordinal, name, options.SequentialAccess, knowsLength: true)
                : new CharsColumn(ordinal, name, isObject && !isJsonType ? CharsForm.CheckedJson : CharsForm.Json);
        }

        Type type = FieldType(ordinal);
        return _kind switch
        {
            ReaderKind.Dynamic => Values(ordinal, name),
            ReaderKind.Npgsql => NpgsqlColumns.TrySelect(ordinal, name, typeName, type, options) ?? Typed(ordinal, name, type),
            _ => Typed(ordinal, name, type),
        };
    }

    private JsonColumn Typed(int ordinal, string name, Type type)
    {
        bool isSequential = options.SequentialAccess;
        return Type.GetTypeCode(type) switch
        {
            _ when type.IsEnum => Values(ordinal, name),
            TypeCode.Boolean => new TypedColumn<bool>(ordinal, name, static (r, i) => r.GetBoolean(i), static (v, o) => o.Write(v ? "true"u8 : "false"u8), isSequential),
            TypeCode.Byte => new TypedColumn<byte>(ordinal, name, static (r, i) => r.GetByte(i), JsonNumberText.Write, isSequential),
            TypeCode.Int16 => new TypedColumn<short>(ordinal, name, static (r, i) => r.GetInt16(i), JsonNumberText.Write, isSequential),
            TypeCode.Int32 => new TypedColumn<int>(ordinal, name, static (r, i) => r.GetInt32(i), JsonNumberText.Write, isSequential),
            TypeCode.Int64 => new TypedColumn<long>(ordinal, name, static (r, i) => r.GetInt64(i), JsonNumberText.Write, isSequential),
            TypeCode.Single => new TypedColumn<float>(ordinal, name, static (r, i) => r.GetFloat(i), JsonNumberText.Write, isSequential),
            TypeCode.Double => new TypedColumn<double>(ordinal, name, static (r, i) => r.GetDouble(i), JsonNumberText.Write, isSequential),
            TypeCode.Decimal => new TypedColumn<decimal>(ordinal, name, static (r, i) => r.GetDecimal(i), JsonNumberText.Write, isSequential),
            TypeCode.DateTime => new TypedColumn<DateTime>(ordinal, name, static (r, i) => r.GetDateTime(i), IsoText.Write, isSequential),
            TypeCode.String => new CharsColumn(ordinal, name, CharsForm.Text),
            _ when type == typeof(Guid) => new TypedColumn<Guid>(ordinal, name, static (r, i) => r.GetGuid(i), JsonValue.WriteGuid, isSequential),
            _ when type == typeof(DateTimeOffset) => Field<DateTimeOffset>(ordinal, name, IsoText.Write),
            _ when type == typeof(DateOnly) => Field<DateOnly>(ordinal, name, IsoText.Write),
            _ when type == typeof(TimeOnly) => Field<TimeOnly>(ordinal, name, IsoText.Write),
            _ when type == typeof(TimeSpan) => Field<TimeSpan>(ordinal, name, IsoText.Write),

            // A table in memory has the array already.
            _ when type == typeof(byte[]) && reader is not DataTableReader => new Base64Column(ordinal, name, isSequential, knowsLength: _kind == ReaderKind.Npgsql),
            _ => Values(ordinal, name),
        };
    }

    private TypedColumn<T> Field<T>(int ordinal, string name, Action<T, RowBuffer> write) =>
        new(ordinal, name, static (r, i) => r.GetFieldValue<T>(i), write, options.SequentialAccess);

    private TypedColumn<object> Values(int ordinal, string name) =>
        new(ordinal, name, static (r, i) => r.GetValue(i), _values.Write, options.SequentialAccess);

    private Type FieldType(int ordinal)
    {
        try
        {
            return reader.GetFieldType(ordinal) ?? typeof(object);
        }
        catch (Exception refusal) when (refusal is NotSupportedException or InvalidCastException)
        {
            // The value itself may still be readable; if not, that error names the column.
            return typeof(object);
        }
    }

    private static bool IsJsonType(string typeName) =>
        typeName.Equals("json", StringComparison.OrdinalIgnoreCase) || typeName.Equals("jsonb", StringComparison.OrdinalIgnoreCase);
}
