namespace StreamRuntime.Postgres.Queries;

/// <summary>What a stretch of SQL text is, as far as finding placeholders and the end of a statement needs to know.</summary>
internal enum SqlTokenKind : byte
{
    Whitespace,

    /// <summary>A line comment up to its line break, or a whole nested block comment.</summary>
    Comment,

    /// <summary>A key word or an unquoted name.</summary>
    Word,

    /// <summary>A name in double quotes.</summary>
    QuotedName,

    /// <summary>A string in any of its forms: plain, with escapes, or in dollar quotes. E, B and X before it are part of it; N and U&amp; are tokens of their own.</summary>
    String,

    Number,

    /// <summary>A placeholder like <c>$1</c>.</summary>
    NumberedPlaceholder,

    /// <summary>A placeholder like <c>:name</c>, which only we know; PostgreSQL itself sees a colon and a name.</summary>
    NamedPlaceholder,

    Semicolon,

    /// <summary>Anything else: one character of an operator, a bracket, a comma; or the two of <c>::</c> and <c>:=</c>.</summary>
    Symbol,
}
