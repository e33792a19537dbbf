namespace StreamRuntime.Postgres.Queries;

/// <summary>What makes two runs runs of one statement: its text and its parameters' types, since the server resolves functions and operators by both.</summary>
/// <remarks>Immutable.</remarks>
internal class StatementKey : IEquatable<StatementKey>
{
    // A text of this length is more likely made for one run than repeated.
    private const int LongestText = 16 * 1024;

    private readonly uint[] _types;
    private readonly int _hash;

    public StatementKey(string text, IReadOnlyList<PostgresParameter> parameters)
    {
        Text = text;
        _types = new uint[parameters.Count];
        var hash = new HashCode();
        hash.Add(text, StringComparer.Ordinal);
        for (int i = 0; i < _types.Length; i++)
        {
            _types[i] = parameters[i].TypeOid;
            hash.Add(_types[i]);
        }

        _hash = hash.ToHashCode();
    }

    public string Text { get; }

    public ReadOnlySpan<uint> Types => _types;

    /// <summary>Whether it is worth remembering something about the statement.</summary>
    public bool IsWorthKeeping => Text.Length <= LongestText;

    public virtual bool Equals(StatementKey? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && other.GetType() == GetType() && string.Equals(Text, other.Text, StringComparison.Ordinal) && Types.SequenceEqual(other.Types));

    public sealed override bool Equals(object? obj) => Equals(obj as StatementKey);

    public sealed override int GetHashCode() => _hash;
}
