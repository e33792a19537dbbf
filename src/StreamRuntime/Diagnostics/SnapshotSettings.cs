using System.Globalization;

namespace StreamRuntime.Diagnostics;

/// <summary>What a tool asks of snapshots.</summary>
/// <param name="Interval">How long from one to the next.</param>
/// <param name="MaxStreams">How many streams each lists at most.</param>
internal readonly record struct SnapshotSettings(TimeSpan Interval, int MaxStreams)
{
    private const double ShortestSeconds = 0.1;
    private const double LongestSeconds = 3600;
    private const int MostStreams = 100_000;

    // Few enough to cost little beside so many streams, and more than anybody reads.
    private const int UsualStreams = 1000;

    /// <summary>Null for a tool that asks for none, or in a way that makes no sense. What is out of range becomes the nearest that is in it.</summary>
    public static SnapshotSettings? Read(IDictionary<string, string?>? arguments)
    {
        if (arguments is null
            || !arguments.TryGetValue(RuntimeEvents.IntervalArgument, out string? interval)
            || !double.TryParse(interval, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            || double.IsNaN(seconds))
        {
            return null;
        }

        int streams = arguments.TryGetValue(RuntimeEvents.MaxStreamsArgument, out string? most)
            && int.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : UsualStreams;
        return new SnapshotSettings(TimeSpan.FromSeconds(Math.Clamp(seconds, ShortestSeconds, LongestSeconds)), Math.Min(streams, MostStreams));
    }
}
