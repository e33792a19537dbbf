using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Progress;

/// <summary>What one update of a progress display shows.</summary>
internal readonly record struct ProgressFigures(StreamStatistics Statistics, double RowsPerSecond, double? Share);
