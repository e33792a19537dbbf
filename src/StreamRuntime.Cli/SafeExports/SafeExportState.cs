using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace StreamRuntime.Cli.SafeExports;

/// <summary>How far an export is: what the state file says.</summary>
/// <remarks>Immutable. It says less than a crash can leave in the output, never more: rows are with the disk before it tells of them.</remarks>
internal sealed record SafeExportState
{
    private const int Version = 1;
    private const int KeyBytes = 32;

    /// <summary>What was asked for: a hash for each argument by its name, since values may be secret.</summary>
    public required IReadOnlyDictionary<string, string> Arguments { get; init; }

    /// <summary>With what tokens are made and read.</summary>
    public required byte[] TokenKey { get; init; }

    /// <summary>Where the query goes on; null for its beginning.</summary>
    public string? Token { get; init; }

    /// <summary>How much of the output counts, in bytes. What is behind it is written anew.</summary>
    public long Length { get; init; }

    /// <summary>A hash of the last bytes of it, by which it is known again.</summary>
    public string Tail { get; init; } = "";

    /// <summary>How many rows that is.</summary>
    public long Rows { get; init; }

    /// <summary>True when those are all rows.</summary>
    public bool IsComplete { get; init; }

    public static SafeExportState Begin(IReadOnlyList<KeyValuePair<string, string>> arguments) => new()
    {
        Arguments = Hashes(arguments),
        TokenKey = RandomNumberGenerator.GetBytes(KeyBytes),
    };

    /// <summary>The first argument that is another than this state's; null when all are the same.</summary>
    public string? FindOther(IReadOnlyList<KeyValuePair<string, string>> arguments)
    {
        foreach ((string name, string hash) in Hashes(arguments))
        {
            if (!Arguments.TryGetValue(name, out string? known) || known != hash)
            {
                return name;
            }
        }

        return null;
    }

    public byte[] Write()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteNumber("rows", Rows);
            json.WriteNumber("length", Length);
            json.WriteString("tail", Tail);
            json.WriteBoolean("complete", IsComplete);
            json.WriteStartObject("arguments");
            foreach ((string name, string hash) in Arguments)
            {
                json.WriteString(name, hash);
            }

            json.WriteEndObject();
            json.WriteBase64String("tokenKey", TokenKey);
            json.WriteString("token", Token);
            json.WriteEndObject();
        }

        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    /// <exception cref="FormatException">It is not one of ours.</exception>
    public static SafeExportState Read(byte[] bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            JsonElement root = json.RootElement;
            int version = root.GetProperty("version").GetInt32();
            if (version != Version)
            {
                throw new FormatException($"It is of version {version}, and this program knows version {Version}.");
            }

            var state = new SafeExportState
            {
                Arguments = root.GetProperty("arguments").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "", StringComparer.Ordinal),
                TokenKey = root.GetProperty("tokenKey").GetBytesFromBase64(),
                Token = root.GetProperty("token").GetString(),
                Length = root.GetProperty("length").GetInt64(),
                Tail = root.GetProperty("tail").GetString() ?? "",
                Rows = root.GetProperty("rows").GetInt64(),
                IsComplete = root.GetProperty("complete").GetBoolean(),
            };
            return state is { TokenKey.Length: KeyBytes, Length: >= 0, Rows: >= 0 } && (state.Token is not null || state.Length == 0)
                ? state
                : throw new FormatException("Its values are not ones we write.");
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("It is not JSON as we write it.", failure);
        }
    }

    private static Dictionary<string, string> Hashes(IReadOnlyList<KeyValuePair<string, string>> arguments) =>
        arguments.ToDictionary(a => a.Key, a => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(a.Value)).AsSpan(0, 16)), StringComparer.Ordinal);
}
