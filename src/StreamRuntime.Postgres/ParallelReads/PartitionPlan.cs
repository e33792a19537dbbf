using System.Text.Json;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>How a query is cut: its partitions, of which every row of its result is in exactly one.</summary>
/// <param name="Partitions">The partitions, in the order in which they are handed out. At least one.</param>
/// <param name="Preparation">What every further backend runs before its first partition; null for nothing.</param>
internal sealed record PartitionPlan(IReadOnlyList<Partition> Partitions, string? Preparation)
{
    /// <summary>Makes the plan, in the transaction in which the first backend will read.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: the query can't be cut without a key, or not by that key.</exception>
    public static async Task<PartitionPlan> MakeAsync(
        PostgresConnection connection, PostgresQuery query, ParallelReadOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var scan = TableScan.TryParse(query.Text, connection.Parameters.StandardConformingStrings);
            if (options.Key is { } key)
            {
                return await new KeyPartitions(connection, query, scan, RowKey.Parse(key).Columns, options).PlanAsync(cancellationToken).ConfigureAwait(false);
            }

            return scan is not null
                ? await new PagePartitions(connection, query, scan, options).PlanAsync(cancellationToken).ConfigureAwait(false)
                : throw new StreamRuntimeException(
                    ErrorKind.Configuration,
                    "Without a key only a plain read of one table can be cut: select columns from table, with or without where. Name a key, by whose values any other query is cut.");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException or FormatException or ArgumentNullException)
        {
            // We asked for JSON of a certain form.
            throw new StreamRuntimeException(ErrorKind.Protocol, $"The server at {connection.Endpoint} answered a question about the table with something else.", failure);
        }
    }
}
