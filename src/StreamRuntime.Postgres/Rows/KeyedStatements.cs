using System.Collections.Concurrent;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Rows;

/// <summary>The statements that a data source has made for keys, so that a query's next run need not ask the server for its columns.</summary>
/// <remarks>Thread-safe. Bounded: a full cache forgets what it holds and learns again.</remarks>
internal sealed class KeyedStatements
{
    private const int MostStatements = 1024;

    private readonly ConcurrentDictionary<Key, KeyedStatement> _statements = new();
    private int _count;

    public KeyedStatement? Find(in Key key) => _statements.GetValueOrDefault(key);

    public void Set(in Key key, KeyedStatement statement)
    {
        if (!key.Query.IsWorthKeeping)
        {
            return;
        }

        if (Volatile.Read(ref _count) >= MostStatements)
        {
            _statements.Clear();
            Volatile.Write(ref _count, 0);
        }

        _statements[key] = statement;
        Interlocked.Increment(ref _count);
    }

    /// <summary>Forgets a query's statements, however the session they were made in was set.</summary>
    public void Forget(KeyedQuery query)
    {
        foreach (bool standardStrings in (ReadOnlySpan<bool>)[true, false])
        {
            foreach (bool isoDates in (ReadOnlySpan<bool>)[true, false])
            {
                _statements.TryRemove(new Key(query, standardStrings, isoDates), out _);
            }
        }
    }

    /// <summary>What a statement depends on: the query, and how its session reads it and writes dates.</summary>
    public readonly record struct Key(KeyedQuery Query, bool StandardStrings, bool IsoDates);
}
