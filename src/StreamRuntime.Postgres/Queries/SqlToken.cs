namespace StreamRuntime.Postgres.Queries;

/// <summary>One stretch of SQL text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Its first character's index.</param>
/// <param name="End">The index after its last character.</param>
/// <param name="IsTerminated">False for a string, a quoted name or a comment that the text ends inside of.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, int Start, int End, bool IsTerminated = true)
{
    /// <summary>True for white space and comments, which PostgreSQL skips.</summary>
    public bool IsBlank => Kind is SqlTokenKind.Whitespace or SqlTokenKind.Comment;
}
