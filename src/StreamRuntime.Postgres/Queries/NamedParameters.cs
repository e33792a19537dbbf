using System.Globalization;
using System.Text;

namespace StreamRuntime.Postgres.Queries;

/// <summary>SQL with named placeholders (<c>:name</c>) as a query with numbered ones, for SQL that arrives as text: a command line, a settings file.</summary>
/// <remarks>Pure functions; safe from any thread.</remarks>
public static class NamedParameters
{
    /// <summary>Replaces each <c>:name</c> by <c>$n</c> and orders the values to match.</summary>
    /// <remarks>
    /// <para>
    /// A placeholder is a colon directly followed by a name: a letter, an underscore or any character beyond ASCII, then those and digits. Case
    /// counts. As in psql there is none inside quotes of any kind (<c>'…'</c>, <c>E'…'</c>, <c>"…"</c>, <c>$tag$…$tag$</c>) or comments, nor
    /// in <c>::</c> casts and <c>:=</c>. An array slice by column, <c>a[1:n]</c>, would be read as one, so write <c>a[1: n]</c>; unlike
    /// in psql <c>a[1:2]</c> is safe. Quotes are read as with <c>standard_conforming_strings</c> on, PostgreSQL's default.
    /// </para>
    /// <para>
    /// The same name twice is one parameter. SQL with <c>$1</c>, <c>$2</c> … works too, with values named <c>1</c>, <c>2</c> …; one text may
    /// not use both styles. Values are sent as text for the server to type.
    /// </para>
    /// </remarks>
    /// <param name="sql">One SQL statement.</param>
    /// <param name="values">The values by name, without the colon; a null value is NULL.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/>, naming the placeholder or value: one without a value, a value that is used nowhere or given
    /// twice, both styles in one text, a gap in the numbers, an unclosed quote or comment, or anything <see cref="PostgresQuery"/> refuses.
    /// </exception>
    public static PostgresQuery Rewrite(string sql, IEnumerable<KeyValuePair<string, string?>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return NamedStatement.Parse(sql).ToQuery(values);
    }
}
