using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Transport;

/// <summary>A statement that the server keeps for one connection under a name of ours.</summary>
/// <remarks>Owned by its connection's owner.</remarks>
internal sealed class PreparedStatement(StatementKey key, string name, int settings)
{
    public StatementKey Key { get; } = key;

    public string Name { get; } = name;

    /// <summary>Which of the session's settings it was parsed under; see <see cref="SessionParameters.ParsingVersion"/>.</summary>
    public int Settings { get; } = settings;

    /// <summary>True from ParseComplete on.</summary>
    public bool IsParsed { get; set; }

    /// <summary>What its rows are like, in the terms of whoever runs it; null while that is not known.</summary>
    public object? Shape { get; set; }
}
