using System.Text;

namespace StreamRuntime.Postgres.Queries;

/// <summary>The columns by which a result's rows are ordered, and by which each of them can be found again.</summary>
/// <remarks>Immutable.</remarks>
internal sealed class RowKey : IEquatable<RowKey>
{
    private const int MostColumns = 32; // as in an index

    private readonly string _text;

    private RowKey(KeyColumn[] columns)
    {
        Columns = columns;
        _text = string.Join(", ", columns.Select(c => c.Sql + (c.IsDescending ? " desc" : "")));
    }

    public IReadOnlyList<KeyColumn> Columns { get; }

    /// <summary>Reads what stands in an ORDER BY, as far as it is names with directions.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: it is not that.</exception>
    public static RowKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var columns = new List<KeyColumn>();
        string? name = null;
        bool? isDescending = null;
        var scanner = new SqlScanner(text);
        while (scanner.TryRead(out SqlToken token))
        {
            ReadOnlySpan<char> word = text.AsSpan(token.Start, token.End - token.Start);
            if (token.IsBlank)
            {
                continue;
            }

            if (word is ",")
            {
                Add();
                name = null;
                isDescending = null;
            }
            else if (name is null && token is { Kind: SqlTokenKind.QuotedName, IsTerminated: true } && word.Length > 2)
            {
                name = word[1..^1].ToString().Replace("\"\"", "\"", StringComparison.Ordinal);
            }
            else if (name is null && token.Kind == SqlTokenKind.Word)
            {
                // As the server folds it: the letters of ASCII only, in UTF-8.
                name = Fold(word);
            }
            else if (name is not null && isDescending is null && token.Kind == SqlTokenKind.Word && word.Equals("desc", StringComparison.OrdinalIgnoreCase))
            {
                isDescending = true;
            }
            else if (name is not null && isDescending is null && token.Kind == SqlTokenKind.Word && word.Equals("asc", StringComparison.OrdinalIgnoreCase))
            {
                isDescending = false;
            }
            else
            {
                throw Refused($"it can't be read from character {token.Start + 1} on");
            }
        }

        Add();
        if (columns.Count > MostColumns)
        {
            throw Refused($"it has {columns.Count} columns, and {MostColumns} are the most");
        }

        if (columns.GroupBy(c => c.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw Refused($"it names column \"{twice.Key}\" twice");
        }

        return new RowKey([.. columns]);

        void Add() => columns.Add(name is null ? throw Refused("a column's name is missing") : new KeyColumn(name, isDescending == true));
    }

    public bool Equals(RowKey? other) => other is not null && _text == other._text;

    public override bool Equals(object? obj) => Equals(obj as RowKey);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The key as SQL.</summary>
    public override string ToString() => _text;

    private static string Fold(ReadOnlySpan<char> word)
    {
        var folded = new StringBuilder(word.Length);
        foreach (char c in word)
        {
            folded.Append(char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c);
        }

        return folded.ToString();
    }

    private static StreamRuntimeException Refused(string why) =>
        new(ErrorKind.Configuration, $"The key can't be used: {why}. A key is a list of column names, each with asc or desc, such as \"created_at desc, id\".");
}

/// <summary>One column of a key.</summary>
/// <param name="Name">Its name in the result.</param>
/// <param name="IsDescending">True when the rows with the largest value come first.</param>
internal readonly record struct KeyColumn(string Name, bool IsDescending)
{
    /// <summary>The name as SQL, whatever it is.</summary>
    public string Sql => $"\"{Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
