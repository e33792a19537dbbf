using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Rows;

/// <summary>The types that a key's columns may have: those whose text says the value exactly, and says it to every session.</summary>
internal static class KeyTypes
{
    public const uint Bytea = 17;
    public const uint FixedChar = 1042;
    public const uint Numeric = 1700;

    private static ReadOnlySpan<uint> Allowed =>
    [
        /* boolean, bytea, name        */ 16, Bytea, 19,
        /* int8, int2, int4, oid       */ 20, 21, 23, 26,
        /* text, char(n), varchar      */ 25, FixedChar, 1043,
        /* date, time                  */ 1082, 1083,
        /* timestamp, timestamptz      */ 1114, 1184,
        /* numeric, uuid               */ Numeric, 2950,
    ];

    /// <summary>Refuses a column that can't be part of a key.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/> or <see cref="ErrorKind.UnsupportedType"/>.</exception>
    public static void Check(in ColumnDescription column, bool hasIsoDates)
    {
        if (!Allowed.Contains(column.TypeOid))
        {
            string why = column.TypeOid is 700 or 701
                ? "the text of real and double precision depends on a session's extra_float_digits; cast it to numeric"
                : $"values of its type (object id {column.TypeOid}) may be the same and look different; cast it to one of the types listed at PostgresQuery.WithKey";
            throw new StreamRuntimeException(ErrorKind.UnsupportedType, $"Column \"{column.Name}\" can't be part of a key: {why}.");
        }

        if (column.TypeOid is 1082 or 1114 or 1184 && !hasIsoDates)
        {
            throw new StreamRuntimeException(
                ErrorKind.Configuration, $"Column \"{column.Name}\" can't be part of a key: the session's DateStyle is not ISO, so that its text may mean another date elsewhere. Set DateStyle to ISO.");
        }
    }

    /// <summary>Whether two values of a type are the same, as far as that does not show in their text alone.</summary>
    public static bool AreSame(uint type, ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) => type switch
    {
        Numeric => TrimNumber(one).SequenceEqual(TrimNumber(other)),
        FixedChar => one.TrimEnd((byte)' ').SequenceEqual(other.TrimEnd((byte)' ')),
        _ => one.SequenceEqual(other),
    };

    private static ReadOnlySpan<byte> TrimNumber(ReadOnlySpan<byte> number) =>
        number.Contains((byte)'.') ? number.TrimEnd((byte)'0').TrimEnd((byte)'.') : number;
}
