using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Responses;

/// <summary>Chooses a result's format by what the client accepts.</summary>
internal static class Negotiation
{
    // In the order in which they are preferred where the client has no preference.
    private static readonly (RowFormat Format, MediaTypeHeaderValue Type)[] Offers =
    [
        (RowFormat.Ndjson, new MediaTypeHeaderValue("application/x-ndjson")),
        (RowFormat.JsonArray, new MediaTypeHeaderValue("application/json")),
        (RowFormat.ServerSentEvents, new MediaTypeHeaderValue("text/event-stream")),
    ];

    public static string ContentType(RowFormat format) => Offers[(int)format].Type.MediaType.Value!;

    /// <summary>The format; null when the client takes none of them.</summary>
    public static RowFormat? Choose(HttpRequest request)
    {
        StringValues accept = request.Headers.Accept;
        if (accept.Count == 0)
        {
            return RowFormat.Ndjson;
        }

        // A header that can't be read says nothing.
        if (!MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? ranges) || ranges.Count == 0)
        {
            return RowFormat.Ndjson;
        }

        RowFormat? best = null;
        double bestQuality = 0;
        foreach ((RowFormat format, MediaTypeHeaderValue type) in Offers)
        {
            double quality = QualityOf(type, ranges);
            if (quality > bestQuality)
            {
                best = format;
                bestQuality = quality;
            }
        }

        return best;
    }

    // What names a type more closely says how much it is wanted, whatever wider ranges say.
    private static double QualityOf(MediaTypeHeaderValue type, IList<MediaTypeHeaderValue> ranges)
    {
        int closest = -1;
        double quality = 0;
        foreach (MediaTypeHeaderValue range in ranges)
        {
            int closeness = range.MatchesAllTypes ? 0
                : range.MatchesAllSubTypes ? (range.Type.Equals(type.Type, StringComparison.OrdinalIgnoreCase) ? 1 : -1)
                : range.MediaType.Equals(type.MediaType, StringComparison.OrdinalIgnoreCase) ? 2 : -1;
            if (closeness > closest)
            {
                closest = closeness;
                quality = range.Quality ?? 1;
            }
        }

        return quality;
    }
}
