using System.Text.Json;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Postgres.ParallelReads;

/// <summary>What the server's planner expects of a statement.</summary>
/// <param name="Rows">How many rows.</param>
/// <param name="RowBytes">How large a row is.</param>
/// <param name="Cost">Its total cost, in units of the planner's own.</param>
internal readonly record struct PlanEstimate(double Rows, double RowBytes, double Cost)
{
    /// <summary>Asks for it, which runs nothing.</summary>
    public static async Task<PlanEstimate> AskAsync(PostgresConnection connection, PostgresQuery query, CancellationToken cancellationToken)
    {
        string? text = await ScalarQuery.ReadAsync(
            connection, $"explain (format json) {query.Text}", query.Key.Types, [.. query.Parameters.Select(p => p.Text)], cancellationToken).ConfigureAwait(false);
        using var plan = JsonDocument.Parse(text ?? "[]");
        JsonElement root = plan.RootElement[0].GetProperty("Plan");
        return new PlanEstimate(root.GetProperty("Plan Rows").GetDouble(), root.GetProperty("Plan Width").GetDouble(), root.GetProperty("Total Cost").GetDouble());
    }
}
