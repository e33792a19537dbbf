using Microsoft.AspNetCore.Http;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>Makes <see cref="JsonRowsResult"/>s where minimal APIs look for results.</summary>
public static class JsonRowsResultExtensions
{
    /// <summary>A stream's rows, as the client accepts them.</summary>
    /// <param name="results"><see cref="Results.Extensions"/>.</param>
    /// <param name="open">As for <see cref="JsonRowsResult(Func{CancellationToken, ValueTask{JsonRowStream}}, string?)"/>.</param>
    /// <param name="name">As there.</param>
    public static IResult JsonRows(this IResultExtensions results, Func<CancellationToken, ValueTask<JsonRowStream>> open, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(results);
        return new JsonRowsResult(open, name);
    }
}
