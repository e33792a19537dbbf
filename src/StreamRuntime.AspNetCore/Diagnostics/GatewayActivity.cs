using System.Diagnostics;
using StreamRuntime.Diagnostics;
using StreamRuntime.Streams;

namespace StreamRuntime.AspNetCore.Diagnostics;

/// <summary>
/// The span of one result that is served: within the request's own, which ASP.NET Core makes, and around that of the query. A WebSocket's request lasts as long as the
/// WebSocket, so its results are within it as well.
/// </summary>
internal static class GatewayActivity
{
    // Under the core's name, which is what listeners go by.
    private static readonly ActivitySource Source = new(RuntimeActivitySource.Name, typeof(GatewayActivity).Assembly.GetName().Version?.ToString(3));

    /// <summary>Begins; null when nobody listens.</summary>
    public static Activity? Start(string endpoint, string transport, long session)
    {
        if (!Source.HasListeners() || Source.StartActivity($"rows {endpoint}") is not { } activity)
        {
            return null;
        }

        activity.SetTag("streamruntime.gateway.endpoint", endpoint);
        activity.SetTag("streamruntime.gateway.transport", transport);
        activity.SetTag("streamruntime.gateway.session", session);
        return activity;
    }

    /// <param name="activity">What was begun; may be null.</param>
    /// <param name="end">How the session ended.</param>
    /// <param name="statistics">What its stream did; null where there was none.</param>
    public static void End(Activity? activity, SessionEnd end, StreamStatistics? statistics)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag("streamruntime.gateway.end", end.ToString());
        if (statistics is not null)
        {
            activity.SetTag("streamruntime.stream.rows", statistics.RowsDelivered);
            activity.SetTag("streamruntime.stream.bytes", statistics.BytesDelivered);
            activity.SetTag("streamruntime.stream.pauses", statistics.Pauses);
            activity.SetTag("streamruntime.stream.paused_time", statistics.PausedTime.TotalSeconds);
        }

        if (end == SessionEnd.Failed)
        {
            activity.SetTag("error.type", nameof(SessionEnd.Failed));
            activity.SetStatus(ActivityStatusCode.Error);
        }

        activity.Dispose();
    }
}
