using System.Globalization;
using System.Text;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Rows;

/// <summary>A statement put into one that orders its rows by a key, tells each row's key, and can begin at any of them.</summary>
/// <remarks>
/// <para>
/// One that begins at a place asks for the row there too, and for the server's word on which it is: the types' own equality decides, so that of two rows with one key neither
/// is passed over and neither comes twice: they are found out. The row itself is skipped.
/// </para>
/// <para>Immutable; any number of connections use it at the same time.</para>
/// </remarks>
internal sealed class KeyedStatement
{
    private readonly string _first;
    private readonly string _resumed;
    private readonly string _nullQuestion;
    private readonly string[] _names;
    private readonly uint[] _types;

    private KeyedStatement(string first, string resumed, string nullQuestion, string[] names, uint[] types)
    {
        _first = first;
        _resumed = resumed;
        _nullQuestion = nullQuestion;
        _names = names;
        _types = types;
    }

    /// <summary>Makes the statements.</summary>
    /// <param name="text">The query's own.</param>
    /// <param name="parameters">How many values the query has.</param>
    /// <param name="key">The key.</param>
    /// <param name="description">How the server describes the query's own: the body of its RowDescription, empty when it gives no rows.</param>
    /// <param name="standardStrings">The session's <c>standard_conforming_strings</c>.</param>
    /// <param name="hasIsoDates">Whether the session's dates come in the one form that all sessions read the same.</param>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Configuration"/> or <see cref="ErrorKind.UnsupportedType"/>: the key is not one of the result's, or the statement can't stand in FROM.
    /// </exception>
    public static KeyedStatement Create(string text, int parameters, RowKey key, ReadOnlySpan<byte> description, bool standardStrings, bool hasIsoDates)
    {
        ColumnDescription[] columns = description.IsEmpty ? [] : RowDescription.Parse(description);
        ColumnDescription[] keys = [.. key.Columns.Select(column => Find(columns, column.Name))];
        foreach (ColumnDescription column in keys)
        {
            KeyTypes.Check(column, hasIsoDates);
        }

        string from = $"from {RowToJsonQuery.Subquery(text, standardStrings)}";
        string[] names = [.. key.Columns.Select(column => $"_.{column.Sql}")];
        string[] values = [.. Enumerable.Range(parameters + 1, names.Length).Select(number => string.Create(CultureInfo.InvariantCulture, $"${number}"))];
        string row = $"select {Row(columns, keys, hasIsoDates)}, {string.Join(", ", names)}";
        string order = $"order by {string.Join(", ", key.Columns.Select(column => $"_.{column.Sql}{(column.IsDescending ? " desc" : "")}"))}";
        string mark = $"{Tuple(names)} = {Tuple(values)}";
        return new KeyedStatement(
            $"{row} {from} {order}",
            $"{row}, {mark} {from} where {From(key, names, values)} {order}",
            $"select exists (select 1 {from} where {string.Join(" or ", names.Select(name => $"{name} is null"))})",
            [.. keys.Select(column => column.Name)],
            [.. keys.Select(column => column.TypeOid)]);
    }

    /// <summary>The statement to run.</summary>
    /// <param name="parameters">The query's own values.</param>
    /// <param name="place">Where to begin; empty for the first row.</param>
    public PostgresQuery Begin(IReadOnlyList<PostgresParameter> parameters, ReadOnlySpan<byte> place)
    {
        if (place.IsEmpty)
        {
            return new PostgresQuery(parameters, new KeyedStatementText(_first, parameters, new KeyTail(_names, _types, null, [])));
        }

        string[] values = KeyText.TryRead(place, _types.Length)!;
        PostgresParameter[] all = [.. parameters, .. values.Select((value, i) => new PostgresParameter(_types[i], value))];
        return new PostgresQuery(all, new KeyedStatementText(_resumed, all, new KeyTail(_names, _types, _nullQuestion, parameters)));
    }

    private static ColumnDescription Find(ColumnDescription[] columns, string name)
    {
        ColumnDescription[] found = Array.FindAll(columns, column => column.Name == name);
        return found.Length == 1 ? found[0] : throw new StreamRuntimeException(
            ErrorKind.Configuration,
            found.Length == 0
                ? $"The key names column \"{name}\", which the result does not have. Select it; it need not be part of the JSON."
                : $"The key names column \"{name}\", of which the result has {found.Length}. Give them different names.");
    }

    /// <summary>What is selected for the JSON.</summary>
    private static string Row(ColumnDescription[] columns, ColumnDescription[] keys, bool hasIsoDates)
    {
        ColumnDescription[] others = [.. columns.Where(column => !keys.Any(key => key.Name == column.Name))];
        if (others is [{ TypeOid: TypeOids.Json or TypeOids.Jsonb } json])
        {
            return $"_.{new KeyColumn(json.Name, false).Sql}";
        }

        // The stars keep a column named _ from being taken for the row.
        var encoder = JsonObjectEncoder.TryCreate(columns, out _);
        return encoder is null || (encoder.NeedsIsoDates && !hasIsoDates) ? "pg_catalog.row_to_json(_.*)" : "_.*";
    }

    /// <summary>The rows from a place on, it included.</summary>
    private static string From(RowKey key, string[] names, string[] values)
    {
        bool isDescending = key.Columns[0].IsDescending;
        if (key.Columns.All(column => column.IsDescending == isDescending))
        {
            // In one comparison of rows, which is what an index on the columns understands.
            return $"{Tuple(names)} {(isDescending ? "<=" : ">=")} {Tuple(values)}";
        }

        var text = new StringBuilder();
        int last = names.Length - 1;

        // What follows says it all, but an index is only looked into by the first column's own limit.
        text.Append(CultureInfo.InvariantCulture, $"{names[0]} {(isDescending ? "<=" : ">=")} {values[0]} and ");
        for (int i = 0; i < last; i++)
        {
            string beyond = key.Columns[i].IsDescending ? "<" : ">";
            text.Append(CultureInfo.InvariantCulture, $"({names[i]} {beyond} {values[i]} or ({names[i]} = {values[i]} and ");
        }

        text.Append(CultureInfo.InvariantCulture, $"{names[last]} {(key.Columns[last].IsDescending ? "<=" : ">=")} {values[last]}").Append(')', 2 * last);
        return text.ToString();
    }

    private static string Tuple(string[] items) => items.Length == 1 ? items[0] : $"({string.Join(", ", items)})";
}
