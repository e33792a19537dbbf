namespace StreamRuntime.Postgres.Queries;

/// <summary>The object ids of the built-in types that .NET values are sent as.</summary>
internal static class ParameterTypes
{
    /// <summary>Leaves the type to the server.</summary>
    public const uint Inferred = 0;

    public const uint Boolean = 16;
    public const uint Bytea = 17;
    public const uint BigInt = 20;
    public const uint SmallInt = 21;
    public const uint Integer = 23;
    public const uint Real = 700;
    public const uint DoublePrecision = 701;
    public const uint Date = 1082;
    public const uint Time = 1083;
    public const uint Timestamp = 1114;
    public const uint TimestampTz = 1184;
    public const uint Interval = 1186;
    public const uint Numeric = 1700;
    public const uint Uuid = 2950;

    /// <summary>The array type of a scalar type; inferred for inferred.</summary>
    public static uint ArrayOf(uint scalar) => scalar switch
    {
        Boolean => 1000,
        Bytea => 1001,
        SmallInt => 1005,
        Integer => 1007,
        BigInt => 1016,
        Real => 1021,
        DoublePrecision => 1022,
        Timestamp => 1115,
        Date => 1182,
        Time => 1183,
        TimestampTz => 1185,
        Interval => 1187,
        Numeric => 1231,
        Uuid => 2951,
        _ => Inferred,
    };

    /// <summary>What a null of a .NET type is sent as: one NULL must not make the server infer another type than a value does.</summary>
    public static uint OidOfNull(Type type) =>
        type.IsSZArray && type != typeof(byte[]) ? ArrayOf(OidOf(type.GetElementType()!)) : OidOf(type);

    /// <summary>What values of a .NET type are sent as; inferred where that depends on the value, as for <see cref="DateTime"/>.</summary>
    public static uint OidOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            return Inferred; // its type code is that of the number beneath
        }

        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => Boolean,
            TypeCode.Byte or TypeCode.SByte or TypeCode.Int16 => SmallInt,
            TypeCode.UInt16 or TypeCode.Int32 => Integer,
            TypeCode.UInt32 or TypeCode.Int64 => BigInt,
            TypeCode.UInt64 or TypeCode.Decimal => Numeric,
            TypeCode.Single => Real,
            TypeCode.Double => DoublePrecision,
            _ when type == typeof(System.Numerics.BigInteger) => Numeric,
            _ when type == typeof(Guid) => Uuid,
            _ when type == typeof(DateTimeOffset) => TimestampTz,
            _ when type == typeof(DateOnly) => Date,
            _ when type == typeof(TimeOnly) => Time,
            _ when type == typeof(TimeSpan) => Interval,
            _ when type == typeof(byte[]) || type == typeof(ReadOnlyMemory<byte>) || type == typeof(Memory<byte>) || type == typeof(ArraySegment<byte>) => Bytea,
            _ => Inferred,
        };
    }
}
