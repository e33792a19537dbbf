using System.Buffers;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Sources;

namespace StreamRuntime.Cli.Sources;

/// <summary>A <c>--source</c> value, taken apart.</summary>
internal sealed record SourceUri
{
    public const string Allowed =
        "postgres://user@host:port/db?sslmode=… (or a key=value string), file:PATH, - for standard input,\nor sample:rows=N,size=BYTES,seed=S";

    private static readonly SearchValues<char> KeywordCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    private SourceUri(SourceKind kind, string text)
    {
        Kind = kind;
        Text = text;
    }

    public SourceKind Kind { get; }

    /// <summary>A connection string or a path; empty for the others.</summary>
    public string Text { get; }

    public long SampleRows { get; private init; } = 1000;

    public int SampleRowBytes { get; private init; } = 200;

    public long SampleSeed { get; private init; } = 1;

    public static SourceUri Parse(string text)
    {
        if (text == "-")
        {
            return new SourceUri(SourceKind.StandardInput, "");
        }

        if (After(text, "file:") is { } path)
        {
            return path.Length > 0 ? new SourceUri(SourceKind.File, path) : throw new UsageException("--source file: needs a path, as in file:rows.ndjson.");
        }

        if (After(text, "sample:") is { } sample)
        {
            return ParseSample(sample);
        }

        if (text == "sample")
        {
            return new SourceUri(SourceKind.Sample, "");
        }

        if (After(text, "postgres://") is not null || After(text, "postgresql://") is not null || IsKeyValue(text))
        {
            return new SourceUri(SourceKind.Postgres, text);
        }

        string hint = text.Length > 0 && File.Exists(text) ? $" For that file write file:{text}." : "";
        throw new UsageException($"--source takes {Allowed}.{hint}");
    }

    private static SourceUri ParseSample(string text)
    {
        var source = new SourceUri(SourceKind.Sample, "");
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? "" : part[(equals + 1)..];
            source = name switch
            {
                "rows" => source with { SampleRows = Quantity.Count("sample:rows", value) },
                "size" => source with { SampleRowBytes = Quantity.Size("sample:size", value, SampleRowSource.SmallestRowBytes, 64 * 1024 * 1024) },
                "seed" => source with { SampleSeed = Quantity.Count("sample:seed", value) },
                _ => throw new UsageException($"'{part}' is not part of a sample source, which is sample:rows=N,size=BYTES,seed=S."),
            };
        }

        return source;
    }

    private static string? After(string text, string prefix) => text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;

    // A keyword, then an equals sign, as in "host=localhost dbname=x"; anything else with an equals sign in it is more likely a mistyped URI.
    private static bool IsKeyValue(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && text.AsSpan(0, equals).Trim() is { Length: > 0 } key && !key.ContainsAnyExcept(KeywordCharacters);
    }
}
