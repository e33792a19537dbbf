using System.Text.Encodings.Web;
using System.Text.Json;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Micro;

/// <summary>A case's figures as they travel from the process that measured them: a line of JSON.</summary>
internal static class MicroLine
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Format(CaseFigures found) => JsonSerializer.Serialize(found, Json);

    /// <exception cref="RunException">The line is something else.</exception>
    public static CaseFigures Parse(string line)
    {
        try
        {
            if (JsonSerializer.Deserialize<CaseFigures>(line, Json) is { Situation: not null, Subject: not null, Figures: not null } found)
            {
                return found;
            }
        }
        catch (JsonException failure)
        {
            throw new RunException($"Expected the figures of a case, not: {line}", cause: failure);
        }

        throw new RunException($"Expected the figures of a case, not: {line}");
    }
}
