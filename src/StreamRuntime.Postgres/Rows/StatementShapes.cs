using System.Collections.Concurrent;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Rows;

/// <summary>The shapes of the statements a data source has run, so that a repeated one starts in one round trip and not in two.</summary>
/// <remarks>Thread-safe. Bounded: a full cache forgets what it holds and learns again, which costs a round trip a statement.</remarks>
internal sealed class StatementShapes
{
    private const int MostStatements = 1024;

    // A text of this length is more likely made for one run than repeated.
    private const int LongestText = 16 * 1024;

    private readonly ConcurrentDictionary<Key, StatementShape> _shapes = new();
    private int _count;

    public StatementShape? Find(PostgresQuery query) => _shapes.GetValueOrDefault(new Key(query));

    public void Set(PostgresQuery query, StatementShape shape)
    {
        if (query.Text.Length + shape.Description.Length > LongestText)
        {
            return;
        }

        if (Volatile.Read(ref _count) >= MostStatements)
        {
            _shapes.Clear();
            Volatile.Write(ref _count, 0);
        }

        _shapes[new Key(query)] = shape;
        Interlocked.Increment(ref _count);
    }

    public void Forget(PostgresQuery query) => _shapes.TryRemove(new Key(query), out _);

    /// <summary>A statement is its text with its parameters' types: the server resolves functions and operators by both.</summary>
    private readonly struct Key : IEquatable<Key>
    {
        private readonly string _text;
        private readonly uint[] _types;

        public Key(PostgresQuery query)
        {
            _text = query.Text;
            _types = query.Parameters.Count == 0 ? [] : [.. query.Parameters.Select(p => p.TypeOid)];
        }

        public bool Equals(Key other) => string.Equals(_text, other._text, StringComparison.Ordinal) && _types.AsSpan().SequenceEqual(other._types);

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => string.GetHashCode(_text, StringComparison.Ordinal);
    }
}
