namespace StreamRuntime.Benchmarks.Clients;

/// <summary>How Npgsql's users read a JSON column.</summary>
internal enum NpgsqlReading
{
    /// <summary>The default reader and <c>GetString</c>: what most people write.</summary>
    String,

    /// <summary>The default reader and <c>GetFieldValue&lt;byte[]&gt;</c>: who wants bytes and not strings.</summary>
    Bytes,

    /// <summary>Sequential access and <c>GetStream</c>, read to its end.</summary>
    SequentialStream,

    /// <summary>Sequential access and <c>GetFieldValue&lt;byte[]&gt;</c>.</summary>
    SequentialBytes,

    /// <summary>The default reader and <c>GetBytes</c> into an array that is used again.</summary>
    CopiedBytes,

    /// <summary>Sequential access and <c>GetBytes</c> into an array that is used again.</summary>
    SequentialCopiedBytes,

    /// <summary>The default reader and <c>GetString</c>, each written out as a line.</summary>
    WrittenString,

    /// <summary>The default reader and a parsed <c>JsonDocument</c>.</summary>
    JsonDocument,
}
