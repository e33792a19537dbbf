namespace StreamRuntime.Postgres.Queries;

/// <summary>One statement with its parameters, which always travel apart from the text.</summary>
/// <remarks>Immutable; safe to run many times and from several threads.</remarks>
public sealed class PostgresQuery
{
    /// <summary>Makes a query from SQL with <c>$1</c>, <c>$2</c> … and their values.</summary>
    /// <param name="text">One SQL statement.</param>
    /// <param name="parameters">The values, the first for <c>$1</c>. At most 65 535.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: empty text, a NUL in it, or too many parameters.</exception>
    public PostgresQuery(string text, params IReadOnlyList<PostgresParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(parameters);
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, "SQL text must not hold a NUL.");
        }

        if (parameters.Count > ushort.MaxValue)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, $"{parameters.Count} parameters are more than the protocol's {ushort.MaxValue}.");
        }

        Text = text;
        Parameters = parameters;
    }

    /// <summary>The SQL text.</summary>
    public string Text { get; }

    /// <summary>The values, the first for <c>$1</c>.</summary>
    public IReadOnlyList<PostgresParameter> Parameters { get; }
}
