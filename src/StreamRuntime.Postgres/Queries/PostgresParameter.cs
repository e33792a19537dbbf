namespace StreamRuntime.Postgres.Queries;

/// <summary>One parameter's value in PostgreSQL's text form, with the type it is sent as.</summary>
/// <param name="TypeOid">The type's object id; 0 lets the server infer it from the query.</param>
/// <param name="Text">The value's text form; null is an SQL NULL.</param>
/// <remarks>Immutable.</remarks>
public readonly record struct PostgresParameter(uint TypeOid, string? Text)
{
    /// <summary>Turns a .NET value into a parameter, the same in every culture.</summary>
    /// <remarks>
    /// <list type="table">
    /// <listheader><term>.NET</term><description>PostgreSQL</description></listheader>
    /// <item><term><see cref="bool"/></term><description>boolean</description></item>
    /// <item><term><see cref="byte"/>, <see cref="sbyte"/>, <see cref="short"/></term><description>smallint</description></item>
    /// <item><term><see cref="ushort"/>, <see cref="int"/></term><description>integer</description></item>
    /// <item><term><see cref="uint"/>, <see cref="long"/></term><description>bigint</description></item>
    /// <item><term><see cref="ulong"/>, <see cref="decimal"/>, <see cref="System.Numerics.BigInteger"/></term><description>numeric</description></item>
    /// <item><term><see cref="float"/>, <see cref="double"/></term><description>real and double precision, in the shortest text that gives the same value back; NaN and infinities included</description></item>
    /// <item><term><see cref="Guid"/></term><description>uuid</description></item>
    /// <item><term><see cref="DateTime"/></term><description>timestamptz for <see cref="DateTimeKind.Utc"/>, otherwise timestamp, with the date and time as they stand</description></item>
    /// <item><term><see cref="DateTimeOffset"/></term><description>timestamptz of the same instant</description></item>
    /// <item><term><see cref="DateOnly"/>, <see cref="TimeOnly"/></term><description>date and time</description></item>
    /// <item><term><see cref="TimeSpan"/></term><description>interval in hours, minutes and seconds; never in days, whose length a change of clocks alters</description></item>
    /// <item><term><see cref="byte"/>[], <see cref="Memory{T}"/>, <see cref="ReadOnlyMemory{T}"/>, <see cref="ArraySegment{T}"/> of bytes</term><description>bytea</description></item>
    /// <item><term><see cref="string"/>, <see cref="char"/>, an enum's name, <see cref="System.Net.IPAddress"/>, <see cref="System.Text.Json.JsonElement"/>, <see cref="System.Text.Json.JsonDocument"/></term><description>whatever the server infers from the query</description></item>
    /// <item><term>an array or list of any of these</term><description>a one-dimensional array of that type</description></item>
    /// <item><term>null, <see cref="DBNull"/></term><description>NULL</description></item>
    /// </list>
    /// PostgreSQL keeps microseconds; the seventh digit of a time (100 ns) is cut off, not rounded, so that <see cref="DateTime.MaxValue"/>
    /// stays in its year. The extremes of each type are plain values, not infinities. A <see cref="PostgresParameter"/> is returned as it is.
    /// </remarks>
    /// <typeparam name="T">The value's type; it also gives a null its SQL type where there is just one.</typeparam>
    /// <param name="value">The value, or null.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>: a type that is not listed, an enum value without a name, or a list whose values have several types.
    /// Kind <see cref="ErrorKind.MessageTooLarge"/>: bytes whose text form passes 1 GiB.
    /// </exception>
    public static PostgresParameter From<T>(T value) => value switch
    {
        null or DBNull => new PostgresParameter(ParameterTypes.OidOfNull(typeof(T)), null),
        PostgresParameter parameter => parameter,
        _ when ScalarText.TryFormat(value, out PostgresParameter scalar) => scalar,
        _ => ArrayText.Format(value),
    };
}
