using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace StreamRuntime.Tests.Sources.AdoNet;

/// <summary>A command whose reader is the test's, and a connection, both of which only remember what was done to them.</summary>
internal sealed class ScriptedCommand : DbCommand
{
    private readonly ScriptedReader? _reader;

    public ScriptedCommand(ScriptedReader? reader, Exception? failure = null)
    {
        _reader = reader;
        Failure = failure;
        DbConnection = new ScriptedConnection();
    }

    public Exception? Failure { get; }

    public Exception? CancelFailure { get; init; }

    public CommandBehavior? Behavior { get; private set; }

    public int Cancellations { get; private set; }

    public bool IsDisposed { get; private set; }

    public ScriptedConnection Scripted => (ScriptedConnection)DbConnection!;

    [AllowNull]
    public override string CommandText { get; set; } = "";

    public override int CommandTimeout { get; set; }

    public override CommandType CommandType { get; set; }

    public override bool DesignTimeVisible { get; set; }

    public override UpdateRowSource UpdatedRowSource { get; set; }

    protected override DbConnection? DbConnection { get; set; }

    protected override DbParameterCollection DbParameterCollection => throw new NotSupportedException();

    protected override DbTransaction? DbTransaction { get; set; }

    public override void Cancel()
    {
        Cancellations++;
        if (CancelFailure is not null)
        {
            throw CancelFailure;
        }

        _reader?.Cancel(new ScriptedFailure("57014", "cancelled"));
    }

    public override int ExecuteNonQuery() => throw new NotSupportedException();

    public override object ExecuteScalar() => throw new NotSupportedException();

    public override void Prepare() => throw new NotSupportedException();

    protected override DbParameter CreateDbParameter() => throw new NotSupportedException();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
    {
        Behavior = behavior;
        return Failure is null ? _reader! : throw Failure;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}

internal sealed class ScriptedConnection : DbConnection
{
    public bool IsDisposed { get; private set; }

    [AllowNull]
    public override string ConnectionString { get; set; } = "";

    public override string Database => "";

    public override string DataSource => "";

    public override string ServerVersion => "";

    public override ConnectionState State => ConnectionState.Open;

    public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

    public override void Close()
    {
    }

    public override void Open()
    {
    }

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => throw new NotSupportedException();

    protected override DbCommand CreateDbCommand() => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}

/// <summary>A provider's own exception.</summary>
internal sealed class ScriptedFailure(string? state, string message, bool isTransient = false) : DbException(message)
{
    public override string? SqlState => state;

    public override bool IsTransient => isTransient;
}
