namespace StreamRuntime.Postgres.Queries;

/// <summary>PostgreSQL's own functions that are met in queries, change nothing, and give what they always gave. A function that is not among them may do anything at all.</summary>
internal static class KnownFunctions
{
    // No frozen set: its assembly would be another megabyte in memory. Key words and types may stand before a bracket too.
    private static readonly HashSet<string> Harmless = new(StringComparer.OrdinalIgnoreCase)
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
    };

    /// <summary>Whether a name that stands before a bracket, without a schema, is one of them, or none of a function.</summary>
    public static bool Contains(ReadOnlySpan<char> name) => Harmless.GetAlternateLookup<ReadOnlySpan<char>>().Contains(name);
}
