using System.Buffers;
using System.Globalization;
using StreamRuntime.Postgres.Protocol;
using StreamRuntime.Postgres.Queries;

namespace StreamRuntime.Postgres.Transport;

/// <summary>The statements that one connection's server keeps for us, and which of the others are run often enough to become one.</summary>
/// <remarks>
/// <para>Owned by its connection's owner, one at a time.</para>
/// <para>
/// A name is used once, in no other connection either: behind a pooler that nobody noticed, a name that two had chosen would run the other's statement.
/// </para>
/// </remarks>
internal sealed class PreparedStatements
{
    private const int MostCandidates = 1024;
    private const int Never = -1;

    private readonly int _threshold;
    private readonly int _most;
    private readonly LinkedList<PreparedStatement> _byUse = new();
    private readonly Dictionary<StatementKey, LinkedListNode<PreparedStatement>> _statements = [];
    private readonly Dictionary<StatementKey, int> _runs = [];
    private readonly List<string> _toClose = [];
    private string? _prefix;
    private int _made;
    private int _losses;

    // Binds and executes the statements that reset the session; null while the server does not have them.
    private byte[]? _reset;

    public PreparedStatements(PostgresOptions options)
    {
        _threshold = options.PrepareThreshold;
        _most = options.MaxPreparedStatements;
    }

    /// <summary>Whether the server's process answers to the connection itself, so that it keeps what was prepared. Null until somebody has asked.</summary>
    public bool? IsServersOwn { get; set; }

    /// <summary>True when a statement may exist that only <c>DISCARD ALL</c> gets rid of, or ours may be gone.</summary>
    public bool IsDisturbed { get; private set; }

    /// <summary>How many statements the server holds for us, or may hold.</summary>
    public int Count => _statements.Count;

    /// <summary>The statement, now the last used of all; null when it is not prepared.</summary>
    /// <param name="key">The statement.</param>
    /// <param name="settings">What the session's settings are now. One that was parsed under others is dropped, as is one that the server may not have taken.</param>
    public PreparedStatement? Find(StatementKey key, int settings)
    {
        if (!_statements.TryGetValue(key, out LinkedListNode<PreparedStatement>? node))
        {
            return null;
        }

        if (node.Value.Settings != settings || !node.Value.IsParsed)
        {
            Drop(node.Value);
            return null;
        }

        _byUse.Remove(node);
        _byUse.AddFirst(node);
        return node.Value;
    }

    /// <summary>Counts one more run of a statement that is not prepared.</summary>
    /// <returns>True when it has been run often enough before.</returns>
    public bool CountRun(StatementKey key)
    {
        if (_threshold == 0 || IsServersOwn == false || !key.IsWorthKeeping)
        {
            return false;
        }

        if (!_runs.TryGetValue(key, out int before))
        {
            if (_runs.Count >= MostCandidates)
            {
                _runs.Clear();
            }

            _runs.Add(key, 1);
            return false;
        }

        if (before >= _threshold)
        {
            return true;
        }

        if (before != Never)
        {
            _runs[key] = before + 1;
        }

        return false;
    }

    /// <summary>Has a statement that can't be prepared not come up again.</summary>
    public void Exclude(StatementKey key) => _runs[key] = Never;

    /// <summary>Makes room for a statement and gives it a name. Whoever prepares it sets <see cref="PreparedStatement.IsParsed"/>.</summary>
    public PreparedStatement Add(StatementKey key, int settings)
    {
        _runs.Remove(key);
        while (_statements.Count >= _most)
        {
            Drop(_byUse.Last!.Value);
        }

        var statement = new PreparedStatement(key, NewName(""), settings);
        _statements.Add(key, _byUse.AddFirst(statement));
        return statement;
    }

    /// <summary>Forgets a statement, which the server is told to close with the next query. It need not exist.</summary>
    public void Drop(PreparedStatement statement)
    {
        if (_statements.TryGetValue(statement.Key, out LinkedListNode<PreparedStatement>? node) && node.Value == statement)
        {
            _statements.Remove(statement.Key);
            _byUse.Remove(node);
            _toClose.Add(statement.Name);
        }
    }

    /// <summary>Takes note that a statement was not where it should be: somebody closed them behind our back. The second time, no further one is made.</summary>
    public void Lose()
    {
        while (_byUse.Last is { } node)
        {
            Drop(node.Value);
        }

        _runs.Clear();
        _reset = null;
        if (++_losses > 1)
        {
            IsServersOwn = false;
        }
    }

    /// <summary>Takes note that the server has just dropped every statement.</summary>
    public void Clear()
    {
        _statements.Clear();
        _byUse.Clear();
        _toClose.Clear();
        _reset = null;
        IsDisturbed = false;
    }

    /// <summary>Looks at what a query was, after it was run: some make statements of their own, or drop ours.</summary>
    /// <param name="tag">Its command tag.</param>
    public void TakeCommandTag(ReadOnlySpan<byte> tag)
    {
        if (tag.SequenceEqual("DISCARD ALL"u8) || tag.SequenceEqual("DEALLOCATE ALL"u8))
        {
            Clear();
        }
        else if (tag.SequenceEqual("PREPARE"u8) || tag.SequenceEqual("DO"u8) || tag.SequenceEqual("CALL"u8))
        {
            // What a block of code has done, nobody says.
            IsDisturbed = true;
        }
    }

    /// <summary>Writes what resets the session but for its statements, and has it prepared as well: it comes with every query.</summary>
    public void WriteReset(IBufferWriter<byte> output)
    {
        if (_reset is null)
        {
            var run = new ArrayBufferWriter<byte>();
            foreach (string sql in SessionReset.AllButStatementsOneByOne)
            {
                string name = NewName("reset_");
                FrontendMessages.Parse(output, name, sql, []);
                FrontendMessages.Bind(run, "", name, []);
                FrontendMessages.Execute(run, "", 0);
            }

            _reset = run.WrittenSpan.ToArray();
        }

        output.Write(_reset);
    }

    /// <summary>Writes what closes the statements that were dropped.</summary>
    /// <returns>How many CloseComplete will come.</returns>
    public int WriteCloses(IBufferWriter<byte> output)
    {
        foreach (string name in _toClose)
        {
            FrontendMessages.Close(output, 'S', name);
        }

        int closes = _toClose.Count;
        _toClose.Clear();
        return closes;
    }

    private string NewName(string purpose)
    {
        _prefix ??= $"streamruntime_{Guid.NewGuid():N}_";
        return _prefix + purpose + (++_made).ToString(CultureInfo.InvariantCulture);
    }
}
