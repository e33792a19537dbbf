using System.Collections.Frozen;

namespace StreamRuntime.Postgres.Queries;

/// <summary>Says which statements only read, as far as their text shows, so that running one twice is as good as running it once.</summary>
internal static class ReadOnlyStatement
{
    private static readonly FrozenSet<string> Kinds = new[] { "select", "with", "values", "table" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // Any of these makes WITH write, or SELECT make a table. As a column's name in a read they cost the second run, no more.
    private static readonly FrozenSet<string> Writes = new[] { "insert", "update", "delete", "merge", "into" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // What may stand before a bracket and change nothing: key words, types, and PostgreSQL's own functions that are met in reads. A function that is not here may do
    // anything at all.
    private static readonly FrozenSet<string> Harmless = new[]
    {
        "all", "and", "any", "array", "as", "between", "by", "case", "cube", "distinct", "else", "end", "except", "exists", "filter", "from", "grouping", "having", "ilike",
        "in", "intersect", "is", "join", "lateral", "like", "limit", "materialized", "not", "offset", "on", "or", "over", "rollup", "row", "select", "sets", "similar", "some",
        "then", "to", "union", "using", "values", "when", "where", "with", "within", "group",
        "bit", "char", "character", "decimal", "float", "interval", "numeric", "time", "timestamp", "timestamptz", "varchar", "varying",
        "abs", "age", "array_agg", "array_length", "array_to_json", "array_to_string", "avg", "bool_and", "bool_or", "btrim", "cardinality", "cast", "ceil", "ceiling",
        "char_length", "coalesce", "concat", "concat_ws", "count", "cume_dist", "current_setting", "date_bin", "date_part", "date_trunc", "dense_rank", "encode", "every", "exp",
        "extract", "first_value", "floor", "format", "generate_series", "generate_subscripts", "greatest", "initcap", "json_agg", "json_array_elements",
        "json_array_elements_text", "json_array_length", "json_build_array", "json_build_object", "json_each", "json_each_text", "json_extract_path",
        "json_extract_path_text", "json_object", "json_object_agg", "json_object_keys", "jsonb_agg", "jsonb_array_elements", "jsonb_array_elements_text",
        "jsonb_array_length", "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text", "jsonb_extract_path", "jsonb_extract_path_text",
        "jsonb_object", "jsonb_object_agg", "jsonb_object_keys", "jsonb_path_exists", "jsonb_path_query", "jsonb_set", "jsonb_strip_nulls", "json_strip_nulls", "lag",
        "last_value", "lead", "least", "left", "length", "ln", "lower", "lpad", "ltrim", "make_date", "make_interval", "max", "md5", "min", "mod", "mode", "now", "nth_value",
        "ntile", "nullif", "octet_length", "overlay", "percent_rank", "percentile_cont", "percentile_disc", "pg_is_in_recovery", "pg_sleep", "position", "power", "random",
        "rank", "regexp_match", "regexp_matches", "regexp_replace", "regexp_split_to_array", "regexp_split_to_table", "repeat", "replace", "reverse", "right", "round",
        "row_number", "row_to_json", "rpad", "rtrim", "sign", "split_part", "sqrt", "stddev", "string_agg", "string_to_array", "strpos", "substr", "substring", "sum",
        "to_char", "to_date", "to_json", "to_jsonb", "to_number", "to_timestamp", "translate", "trim", "trunc", "unnest", "upper", "variance", "width_bucket",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>False where in doubt. What views, operators and casts of the user's own do is not looked into: they are taken for reads.</summary>
    public static bool Is(string sql, bool standardStrings = true)
    {
        var kinds = Kinds.GetAlternateLookup<ReadOnlySpan<char>>();
        var writes = Writes.GetAlternateLookup<ReadOnlySpan<char>>();
        var harmless = Harmless.GetAlternateLookup<ReadOnlySpan<char>>();
        bool isKnown = false;
        SqlToken last = default;
        var scanner = new SqlScanner(sql, standardStrings);
        while (scanner.TryRead(out SqlToken token))
        {
            if (token.IsBlank)
            {
                continue;
            }

            ReadOnlySpan<char> text = sql.AsSpan(token.Start, token.End - token.Start);
            if (text is "(")
            {
                if (isKnown && (last.Kind == SqlTokenKind.QuotedName || (last.Kind == SqlTokenKind.Word && !harmless.Contains(sql.AsSpan(last.Start, last.End - last.Start)))))
                {
                    // A list of columns (insert has one, and with … (a, b) as) reads the same as a call.
                    return false;
                }
            }
            else if (!isKnown)
            {
                if (token.Kind != SqlTokenKind.Word || !kinds.Contains(text))
                {
                    return false;
                }

                isKnown = true;
            }
            else if (token.Kind == SqlTokenKind.Word && writes.Contains(text))
            {
                return false;
            }

            last = token;
        }

        return isKnown;
    }
}
