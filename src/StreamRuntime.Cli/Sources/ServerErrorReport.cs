using System.Text;
using StreamRuntime.Postgres;

namespace StreamRuntime.Cli.Sources;

/// <summary>A server's error as people read it: severity, SQLSTATE and message on the first line, then what else the server said.</summary>
internal static class ServerErrorReport
{
    /// <param name="message">The server's message.</param>
    /// <param name="sql">The query as it was sent, if the message may point into it.</param>
    public static string Format(PostgresServerMessage message, string? sql = null)
    {
        var text = new StringBuilder().Append(message.Severity).Append(' ').Append(message.SqlState).Append(": ").Append(OneLine(message.Message));
        if (sql is not null && message.Position is { } position)
        {
            Mark(text, sql, position);
        }

        Add(text, "detail", message.Detail);
        Add(text, "hint", message.Hint);
        return text.ToString();
    }

    private static void Add(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append("\n  ").Append(name).Append(": ").Append(OneLine(value));
        }
    }

    /// <summary>Shows the line the position is in, and a caret below the place.</summary>
    private static void Mark(StringBuilder text, string sql, int position)
    {
        // The server counts characters; a string counts UTF-16 units, of which some characters take two.
        int at = 0;
        for (int seen = 1; seen < position && at < sql.Length; seen++)
        {
            at += char.IsSurrogatePair(sql, at) ? 2 : 1;
        }

        int start = at == 0 ? 0 : sql.LastIndexOf('\n', at - 1) + 1;
        int end = sql.IndexOf('\n', at);
        int line = sql.AsSpan(0, start).Count('\n') + 1;
        string prefix = $"  line {line}: ";
        string shown = (end < 0 ? sql[start..] : sql[start..end]).TrimEnd('\r').Replace('\t', ' ');
        text.Append('\n').Append(prefix).Append(shown).Append('\n').Append(' ', prefix.Length + at - start).Append('^');
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
