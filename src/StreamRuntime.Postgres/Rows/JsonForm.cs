namespace StreamRuntime.Postgres.Rows;

/// <summary>How the text of one value becomes JSON; the cases of the server's own <c>json.c</c>.</summary>
internal enum JsonScalar : byte
{
    /// <summary>A JSON string with the text as it is.</summary>
    Quoted = 0,

    /// <summary><c>t</c> and <c>f</c>.</summary>
    Boolean = 1,

    /// <summary>The text itself when it is a JSON number, else a string (<c>NaN</c>, <c>Infinity</c>).</summary>
    Number = 2,

    /// <summary>JSON already.</summary>
    Json = 3,

    /// <summary>A date in ISO form.</summary>
    Date = 4,

    /// <summary>A date and time of day without zone.</summary>
    Timestamp = 5,

    /// <summary>A date and time of day with the offset of its zone.</summary>
    TimestampWithZone = 6,

    /// <summary><c>int2vector</c>: numbers with blanks between, an array to JSON.</summary>
    NumberVector = 7,

    /// <summary><c>oidvector</c>: the same, but the server writes an oid as a string.</summary>
    QuotedVector = 8,
}

/// <summary>How a column's values become JSON.</summary>
/// <param name="Scalar">The form of the value, or of each element of an array.</param>
/// <param name="IsArray">True when the text is an array's.</param>
/// <param name="Delimiter">What stands between an array's elements.</param>
internal readonly record struct JsonForm(JsonScalar Scalar, bool IsArray = false, byte Delimiter = (byte)',')
{
    public bool NeedsIsoDates => Scalar is JsonScalar.Date or JsonScalar.Timestamp or JsonScalar.TimestampWithZone;
}
