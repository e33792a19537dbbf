namespace StreamRuntime.Postgres.Configuration;

/// <summary>The keys that were given and their values as text; a later one replaces an earlier.</summary>
internal sealed class ConnectionValues
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private string? _last;

    public string? this[string keyword] => _values.GetValueOrDefault(keyword);

    /// <summary>Null also when the value is empty, for keys where libpq takes that as not given.</summary>
    public string? NonEmpty(string keyword) => this[keyword] is { Length: > 0 } value ? value : null;

    public void Set(string keyword, string value)
    {
        if (keyword == "requiressl")
        {
            // The name of 20 years ago, which libpq still takes.
            (keyword, value) = ("sslmode", value.StartsWith('1') ? "require" : "prefer");
        }

        if (!ConnectionKeywords.IsKnown(keyword))
        {
            // What follows an unquoted password may be the rest of it, so that is not shown.
            throw _last is not null && ConnectionKeywords.IsSecret(_last)
                ? ConfigurationError.Because($"What follows {_last} is not a known connection key; quote or percent-encode a value with spaces or signs in it.")
                : ConfigurationError.UnknownKeyword(keyword);
        }

        _values[keyword] = value;
        _last = keyword;
    }

    /// <summary>Says that what comes next does not stand behind the last value in the text.</summary>
    public void BeginPart() => _last = null;

    public void SetDefault(string keyword, string value) => _values.TryAdd(keyword, value);
}
