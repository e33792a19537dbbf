using System.Collections.Concurrent;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Rows;

/// <summary>The shapes of the statements a data source has run, so that a repeated one starts in one round trip and not in two.</summary>
/// <remarks>Thread-safe. Bounded: a full cache forgets what it holds and learns again, which costs a round trip a statement.</remarks>
internal sealed class StatementShapes
{
    private const int MostStatements = 1024;
    private const int LongestDescription = 16 * 1024;

    private readonly ConcurrentDictionary<StatementKey, StatementShape> _shapes = new();
    private int _count;

    public StatementShape? Find(PostgresQuery query) => _shapes.GetValueOrDefault(query.Key);

    public void Set(PostgresQuery query, StatementShape shape)
    {
        if (!query.Key.IsWorthKeeping || shape.Description.Length > LongestDescription)
        {
            return;
        }

        if (Volatile.Read(ref _count) >= MostStatements)
        {
            _shapes.Clear();
            Volatile.Write(ref _count, 0);
        }

        _shapes[query.Key] = shape;
        Interlocked.Increment(ref _count);
    }

    public void Forget(PostgresQuery query) => _shapes.TryRemove(query.Key, out _);
}
