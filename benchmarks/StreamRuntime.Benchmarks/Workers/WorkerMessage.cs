using System.Text.Json;
using System.Text.Json.Serialization;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Workers;

/// <summary>
/// One line of a worker's standard output. The first says what it can measure, <c>{"protocol":1,"suites":[…]}</c>; then a line on its standard input names a suite
/// and is answered with <c>{"suite":"…","cases":[…]}</c>. What went wrong is <c>{"error":"…"}</c>. The end of its input ends it.
/// </summary>
/// <remarks>
/// The two ends are of different commits: members may be added, and a reader ignores those it does not know. A change that makes an old line mean something
/// else needs another protocol number.
/// </remarks>
internal sealed record WorkerMessage
{
    public const int CurrentProtocol = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,

        // A figure that is no number is for the reader to refuse, who can say which case it is.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public int? Protocol { get; init; }

    public IReadOnlyList<WorkerSuite>? Suites { get; init; }

    public string? Suite { get; init; }

    public IReadOnlyList<CaseFigures>? Cases { get; init; }

    public string? Error { get; init; }

    public string ToLine() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads a line; null when it is none of these.</summary>
    public static WorkerMessage? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<WorkerMessage>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A suite that a worker has prepared.</summary>
/// <param name="Name">Its name.</param>
/// <param name="References">The subjects that are none of ours.</param>
/// <param name="Settings">What it measures: two builds are comparable where these are the same.</param>
internal sealed record WorkerSuite(string Name, IReadOnlyList<string> References, IReadOnlyDictionary<string, string> Settings);
