using System.Text;

namespace StreamRuntime.Postgres.Queries;

/// <summary>One column of a key, by which a query's rows are ordered and parted.</summary>
/// <param name="Name">Its name, as the server reports it.</param>
/// <param name="IsDescending">Whether its largest values come first.</param>
internal readonly record struct KeyColumn(string Name, bool IsDescending)
{
    /// <summary>The name as SQL has it.</summary>
    public string Quoted => $"\"{Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Reads <c>created_at desc, id</c>: names as in SQL, each with <c>asc</c> (which is the default) or <c>desc</c>.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: the text is something else, or names a column twice.</exception>
    public static IReadOnlyList<KeyColumn> ParseAll(string key)
    {
        List<KeyColumn> columns = [];
        List<string> words = [];
        var scanner = new SqlScanner(key);
        while (scanner.TryRead(out SqlToken token))
        {
            string text = key[token.Start..token.End];
            if (token.IsBlank && token.IsTerminated)
            {
                continue;
            }

            if (text == ",")
            {
                columns.Add(Make(words, key));
                words.Clear();
                continue;
            }

            if (token is not { Kind: SqlTokenKind.Word or SqlTokenKind.QuotedName, IsTerminated: true })
            {
                throw Refused(key);
            }

            words.Add(text);
        }

        columns.Add(Make(words, key));
        return columns.DistinctBy(c => c.Name).Count() == columns.Count
            ? columns
            : throw new StreamRuntimeException(ErrorKind.Configuration, $"The key '{key}' names a column twice.");
    }

    private static KeyColumn Make(List<string> words, string key) => words switch
    {
        [var name] => new KeyColumn(Fold(name), false),
        [var name, var direction] when direction.Equals("asc", StringComparison.OrdinalIgnoreCase) => new KeyColumn(Fold(name), false),
        [var name, var direction] when direction.Equals("desc", StringComparison.OrdinalIgnoreCase) => new KeyColumn(Fold(name), true),
        _ => throw Refused(key),
    };

    // As the server does: unquoted names are folded, by ASCII alone in UTF-8.
    private static string Fold(string name)
    {
        if (name[0] == '"')
        {
            return name[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal);
        }

        var folded = new StringBuilder(name.Length);
        foreach (char c in name)
        {
            folded.Append(char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c);
        }

        return folded.ToString();
    }

    private static StreamRuntimeException Refused(string key) => new(
        ErrorKind.Configuration, $"'{key}' is no key. A key is one or more columns of the result, each with asc or desc, as in: created_at desc, id");
}
