using System.Collections;
using System.Data.Common;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>The same row again and again, from getters that allocate nothing.</summary>
internal sealed class CountedReader(ScriptedColumn[] columns, object?[] row, int count) : DbDataReader
{
    private readonly double _double = row.OfType<double>().FirstOrDefault();
    private readonly int _int = row.OfType<int>().FirstOrDefault();
    private int _left = count;

    public override int FieldCount => columns.Length;

    public override bool HasRows => true;

    public override bool IsClosed => false;

    public override int Depth => 0;

    public override int RecordsAffected => -1;

    public override object this[int ordinal] => throw new NotSupportedException();

    public override object this[string name] => throw new NotSupportedException();

    public override bool Read() => _left-- > 0;

    public override bool NextResult() => false;

    public override bool IsDBNull(int ordinal) => row[ordinal] is null;

    public override int GetInt32(int ordinal) => _int;

    public override double GetDouble(int ordinal) => _double;

    public override long GetChars(int ordinal, long dataOffset, char[]? buffer, int bufferOffset, int length)
    {
        var value = (string)row[ordinal]!;
        value.CopyTo((int)dataOffset, buffer!, bufferOffset, value.Length);
        return value.Length;
    }

    public override string GetName(int ordinal) => columns[ordinal].Name;

    public override Type GetFieldType(int ordinal) => columns[ordinal].Type;

    public override string GetDataTypeName(int ordinal) => columns[ordinal].TypeName;

    public override bool GetBoolean(int ordinal) => throw new NotSupportedException();

    public override byte GetByte(int ordinal) => throw new NotSupportedException();

    public override long GetBytes(int ordinal, long dataOffset, byte[]? buffer, int bufferOffset, int length) => throw new NotSupportedException();

    public override char GetChar(int ordinal) => throw new NotSupportedException();

    public override DateTime GetDateTime(int ordinal) => throw new NotSupportedException();

    public override decimal GetDecimal(int ordinal) => throw new NotSupportedException();

    public override IEnumerator GetEnumerator() => throw new NotSupportedException();

    public override float GetFloat(int ordinal) => throw new NotSupportedException();

    public override Guid GetGuid(int ordinal) => throw new NotSupportedException();

    public override short GetInt16(int ordinal) => throw new NotSupportedException();

    public override long GetInt64(int ordinal) => throw new NotSupportedException();

    public override int GetOrdinal(string name) => throw new NotSupportedException();

    public override string GetString(int ordinal) => throw new NotSupportedException();

    public override object GetValue(int ordinal) => throw new NotSupportedException();

    public override int GetValues(object[] values) => throw new NotSupportedException();
}
