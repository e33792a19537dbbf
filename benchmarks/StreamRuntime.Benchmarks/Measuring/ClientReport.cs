using System.Text.Json;
using StreamRuntime.Benchmarks.Options;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>What a client says about itself, as one line of JSON.</summary>
/// <param name="Rows">How many rows it read, or how often it asked for the first.</param>
/// <param name="Bytes">How many bytes their values have together.</param>
/// <param name="AllocatedBytes">Managed memory it allocated from its start to its end, where it says so.</param>
/// <param name="FirstRowNs">How long it waited for the first row, where that was the question.</param>
internal sealed record ClientReport(long Rows, long Bytes, long? AllocatedBytes = null, double? FirstRowNs = null)
{
    /// <exception cref="RunException">The line is something else.</exception>
    public static ClientReport Parse(string program, string line)
    {
        try
        {
            // 'null' is JSON too.
            return JsonSerializer.Deserialize<ClientReport>(line, Json) ?? throw new JsonException("The line is empty of figures.");
        }
        catch (JsonException failure)
        {
            throw new RunException($"{program} ended without its line of figures, but with: {line}", cause: failure);
        }
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true };
}
