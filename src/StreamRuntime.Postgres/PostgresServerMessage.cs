namespace StreamRuntime.Postgres;

/// <summary>An error or notice as the server reported it, every field kept.</summary>
/// <remarks>Field meanings: PostgreSQL documentation, "Error and Notice Message Fields". Immutable.</remarks>
public sealed record PostgresServerMessage
{
    /// <summary>Severity, never translated (field V, or S from servers before 9.6): ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO or LOG.</summary>
    public string Severity { get; init; } = "";

    /// <summary>Severity in the server's language (field S).</summary>
    public string LocalizedSeverity { get; init; } = "";

    /// <summary>SQLSTATE, five characters (field C).</summary>
    public string SqlState { get; init; } = "";

    /// <summary>The message (field M).</summary>
    public string Message { get; init; } = "";

    /// <summary>Detail (field D).</summary>
    public string? Detail { get; init; }

    /// <summary>Hint (field H).</summary>
    public string? Hint { get; init; }

    /// <summary>Where in the query, counted in characters from 1 (field P).</summary>
    public int? Position { get; init; }

    /// <summary>Where in <see cref="InternalQuery"/>, counted in characters from 1 (field p).</summary>
    public int? InternalPosition { get; init; }

    /// <summary>The failed internally made command (field q).</summary>
    public string? InternalQuery { get; init; }

    /// <summary>The call stack (field W).</summary>
    public string? Where { get; init; }

    /// <summary>Schema concerned (field s).</summary>
    public string? SchemaName { get; init; }

    /// <summary>Table concerned (field t).</summary>
    public string? TableName { get; init; }

    /// <summary>Column concerned (field c).</summary>
    public string? ColumnName { get; init; }

    /// <summary>Data type concerned (field d).</summary>
    public string? DataTypeName { get; init; }

    /// <summary>Constraint concerned (field n).</summary>
    public string? ConstraintName { get; init; }

    /// <summary>Source file in the server (field F).</summary>
    public string? File { get; init; }

    /// <summary>Source line in the server (field L).</summary>
    public int? Line { get; init; }

    /// <summary>Routine in the server (field R).</summary>
    public string? Routine { get; init; }
}
