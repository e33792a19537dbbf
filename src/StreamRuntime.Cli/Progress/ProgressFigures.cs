using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Progress;

/// <summary>What one update of a progress display shows.</summary>
/// <param name="Statistics">What was done.</param>
/// <param name="RowsPerSecond">How fast.</param>
/// <param name="Share">The share that is done; null where that is not known.</param>
/// <param name="Partitions">Of what is read over several backends, how far each part is.</param>
internal readonly record struct ProgressFigures(StreamStatistics Statistics, double RowsPerSecond, double? Share, ParallelProgress? Partitions);
