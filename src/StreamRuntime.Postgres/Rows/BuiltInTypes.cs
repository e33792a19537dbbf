namespace StreamRuntime.Postgres.Rows;

/// <summary>The types whose JSON form follows from the object id alone, because the server never changes these ids.</summary>
/// <remarks>
/// A list of what is known, not of what is refused: a type a later server adds is simply not found, and the query is wrapped instead.
/// Pseudo-types are here when a SELECT can return them and their text says all (<c>void</c>, <c>cstring</c>, <c>unknown</c>);
/// <c>anyarray</c> is not, because only the server knows what its elements are.
/// </remarks>
internal static class BuiltInTypes
{
    private const uint BoxArray = 1020;

    private static ReadOnlySpan<ushort> Quoted =>
    [
        /* bytea, "char", name          */ 17, 18, 19,
        /* regproc, text                */ 24, 25,
        /* oid, tid, xid, cid           */ 26, 27, 28, 29,
        /* xml, pg_node_tree            */ 142, 194,
        /* geometric, box among them    */ 603, 600, 601, 602, 604, 628, 718,
        /* cidr, inet, macaddr(8)       */ 650, 869, 829, 774,
        /* unknown, cstring, void       */ 705, 2275, 2278,
        /* money, aclitem               */ 790, 1033,
        /* bpchar, varchar              */ 1042, 1043,
        /* time, interval, timetz       */ 1083, 1186, 1266,
        /* bit, varbit, refcursor       */ 1560, 1562, 1790,
        /* reg…                         */ 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191,
        /* uuid, pg_lsn                 */ 2950, 3220,
        /* snapshots, xid8              */ 2970, 5038, 5069,
        /* tsvector, tsquery, gtsvector */ 3614, 3615, 3642,
        /* ranges                       */ 3904, 3906, 3908, 3910, 3912, 3926,
        /* multiranges                  */ 4451, 4532, 4533, 4534, 4535, 4536,
        /* jsonpath                     */ 4072,
        /* statistics and BRIN          */ 3361, 3402, 5017, 4600, 4601,
    ];

    private static ReadOnlySpan<ushort> QuotedArrays =>
    [
        /* bytea, "char", name          */ 1001, 1002, 1003,
        /* regproc, text                */ 1008, 1009,
        /* oid, tid, xid, cid           */ 1028, 1010, 1011, 1012,
        /* xml                          */ 143,
        /* geometric, box apart         */ 1017, 1018, 1019, 1027, 629, 719,
        /* cidr, inet, macaddr(8)       */ 651, 1041, 1040, 775,
        /* cstring                      */ 1263,
        /* money, aclitem               */ 791, 1034,
        /* bpchar, varchar              */ 1014, 1015,
        /* time, interval, timetz       */ 1183, 1187, 1270,
        /* bit, varbit, refcursor       */ 1561, 1563, 2201,
        /* reg…                         */ 2207, 2208, 2209, 2210, 2211, 3735, 3770, 4090, 4097, 4192,
        /* uuid, pg_lsn                 */ 2951, 3221,
        /* snapshots, xid8              */ 2949, 5039, 271,
        /* tsvector, tsquery, gtsvector */ 3643, 3645, 3644,
        /* ranges                       */ 3905, 3907, 3909, 3911, 3913, 3927,
        /* multiranges                  */ 6150, 6151, 6152, 6153, 6155, 6157,
        /* jsonpath                     */ 4073,
    ];

    /// <summary>False when only the server's catalog knows how values of the type become JSON.</summary>
    public static bool TryGetForm(uint typeOid, out JsonForm form)
    {
        JsonForm? found = typeOid switch
        {
            16 => new JsonForm(JsonScalar.Boolean),
            1000 => new JsonForm(JsonScalar.Boolean, IsArray: true),

            // int2, int4, int8, float4, float8, numeric
            21 or 23 or 20 or 700 or 701 or 1700 => new JsonForm(JsonScalar.Number),
            1005 or 1007 or 1016 or 1021 or 1022 or 1231 => new JsonForm(JsonScalar.Number, IsArray: true),

            // json, jsonb
            114 or 3802 => new JsonForm(JsonScalar.Json),
            199 or 3807 => new JsonForm(JsonScalar.Json, IsArray: true),

            1082 => new JsonForm(JsonScalar.Date),
            1182 => new JsonForm(JsonScalar.Date, IsArray: true),
            1114 => new JsonForm(JsonScalar.Timestamp),
            1115 => new JsonForm(JsonScalar.Timestamp, IsArray: true),
            1184 => new JsonForm(JsonScalar.TimestampWithZone),
            1185 => new JsonForm(JsonScalar.TimestampWithZone, IsArray: true),

            22 => new JsonForm(JsonScalar.NumberVector),
            1006 => new JsonForm(JsonScalar.NumberVector, IsArray: true),
            30 => new JsonForm(JsonScalar.QuotedVector),
            1013 => new JsonForm(JsonScalar.QuotedVector, IsArray: true),

            // The one built-in type whose text holds the comma, so its arrays use another delimiter.
            BoxArray => new JsonForm(JsonScalar.Quoted, IsArray: true, (byte)';'),

            > ushort.MaxValue => null,
            _ when Quoted.Contains((ushort)typeOid) => new JsonForm(JsonScalar.Quoted),
            _ when QuotedArrays.Contains((ushort)typeOid) => new JsonForm(JsonScalar.Quoted, IsArray: true),
            _ => null,
        };
        form = found.GetValueOrDefault();
        return found.HasValue;
    }
}
