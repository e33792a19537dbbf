using System.Globalization;
using System.Net.Sockets;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>One client of the <see cref="ReplayServer"/>: the start-up, then every message answered in the order it came in, as PostgreSQL does.</summary>
/// <remarks>Used by its own thread, but for <see cref="Dispose"/>.</remarks>
internal sealed class ReplayConnection(Socket socket, int number, Recording recording, Action<string> refused) : IDisposable
{
    private const int SslRequest = 80877103;
    private const int GssRequest = 80877104;
    private const int CancelRequest = 80877102;
    private const int NewestProtocol = 3 << 16;
    private const int BinaryFormat = 1;

    // The library's, before it has the first statement kept.
    private const string ProcessQuery = "select pg_catalog.pg_backend_pid()";

    // What is small is sent together with what follows it, as a real server's buffer has it.
    private const int LargestPending = 8 * 1024;

    private readonly FrontendReader _input = new(socket);
    private readonly MemoryStream _pending = new();
    private readonly Dictionary<string, ReplayStatement> _statements = [];
    private readonly Dictionary<string, ReplayPortal> _portals = [];
    private readonly Dictionary<string, ReplayCommand> _commands = [];
    private readonly Dictionary<string, ReplayCommand> _commandPortals = [];
    private char _status = 'I';
    private bool _failed;

    /// <summary>Serves the client until it leaves.</summary>
    /// <exception cref="SocketException">It left without saying so.</exception>
    public void Serve()
    {
        socket.NoDelay = true;
        if (!StartUp())
        {
            return;
        }

        while (_input.TryReadMessage() is { } type and not 'X')
        {
            // After an error, what was sent along with the failed message is passed over.
            if (!_failed || type == 'S')
            {
                Answer(type);
            }
        }
    }

    public void Dispose() => socket.Dispose();

    private bool StartUp()
    {
        while (_input.TryReadPacket())
        {
            int code = _input.ReadInt32();
            if (code is SslRequest or GssRequest)
            {
                Send("N"u8);
                continue;
            }

            // A cancelled query would go on here, which is one of the two things that a cancel request may come to.
            if (code == CancelRequest)
            {
                return false;
            }

            if (code != NewestProtocol)
            {
                Reply(BackendMessages.NegotiateProtocolVersion(0));
            }

            Reply(BackendMessages.AuthenticationOk);
            Reply(recording.Parameters);
            Reply(BackendMessages.BackendKeyData(number, 1, 2, 3, 4));
            Reply(BackendMessages.ReadyForQuery());
            Flush();
            return true;
        }

        return false;
    }

    private void Answer(char type)
    {
        switch (type)
        {
            case 'Q':
                RunSimple(_input.ReadText());
                break;
            case 'P':
                Parse(_input.ReadText(), _input.ReadText());
                break;
            case 'B':
                Bind();
                break;
            case 'D':
                Describe(_input.ReadByte(), _input.ReadText());
                break;
            case 'E':
                Execute(_input.ReadText(), _input.ReadInt32());
                break;
            case 'C':
                Close(_input.ReadByte(), _input.ReadText());
                break;
            case 'H':
                Flush();
                break;
            case 'S':
                // No statement but COMMIT comes between BEGIN and Sync, and outside a transaction Sync ends every portal.
                _failed = false;
                _portals.Clear();
                _commandPortals.Clear();
                Reply(BackendMessages.ReadyForQuery(_status));
                Flush();
                break;
            default:
                Refuse("08P01", $"message type {type} has no recording");
                break;
        }
    }

    private void RunSimple(string sql)
    {
        if (ReplayCommand.TryFind(sql, recording) is { } command)
        {
            Reply(command.Answer);
            Ran(command);
        }
        else if (ReplayStatement.TryFind(sql, recording) is { } statement)
        {
            var portal = new ReplayPortal(statement, isBinary: false);
            Reply(portal.Rows.Description);
            SendRows(portal, portal.Left);
            Complete(portal.Sent);
        }
        else
        {
            Refuse("0A000", $"there is no recording of: {sql}");
            _failed = false;
        }

        Reply(BackendMessages.ReadyForQuery(_status));
        Flush();
    }

    private void Parse(string name, string sql)
    {
        _commands.Remove(name);
        _statements.Remove(name);
        if (FindCommand(sql) is { } command)
        {
            _commands[name] = command;
            Reply(BackendMessages.ParseComplete);
        }
        else if (ReplayStatement.TryFind(sql, recording) is { } statement)
        {
            _statements[name] = statement;
            Reply(BackendMessages.ParseComplete);
        }
        else
        {
            Refuse("0A000", $"there is no recording of: {sql}");
        }
    }

    private void Bind()
    {
        string portal = _input.ReadText();
        string name = _input.ReadText();
        _input.Skip(2 * _input.ReadInt16());
        for (int parameters = _input.ReadInt16(); parameters > 0; parameters--)
        {
            _input.Skip(Math.Max(0, _input.ReadInt32()));
        }

        // One column: its own format, or that of all columns, or none, which is text.
        bool isBinary = _input.ReadInt16() > 0 && _input.ReadInt16() == BinaryFormat;
        _portals.Remove(portal);
        _commandPortals.Remove(portal);
        if (_commands.TryGetValue(name, out ReplayCommand? command))
        {
            _commandPortals[portal] = command;
            Reply(BackendMessages.BindComplete);
        }
        else if (_statements.TryGetValue(name, out ReplayStatement? statement))
        {
            _portals[portal] = new ReplayPortal(statement, isBinary);
            Reply(BackendMessages.BindComplete);
        }
        else
        {
            Refuse("26000", $"prepared statement \"{name}\" does not exist");
        }
    }

    private void Describe(char kind, string name)
    {
        if (kind == 'S' && _statements.TryGetValue(name, out ReplayStatement? statement))
        {
            Reply(statement.Query.Description);
        }
        else if (kind == 'P' && _portals.TryGetValue(name, out ReplayPortal? portal))
        {
            Reply(portal.Rows.Description);
        }
        else
        {
            Refuse("26000", $"'{kind}' \"{name}\" does not exist");
        }
    }

    private void Execute(string name, int most)
    {
        if (_commandPortals.TryGetValue(name, out ReplayCommand? command))
        {
            Reply(command.Executed);
            Ran(command);
            return;
        }

        if (!_portals.TryGetValue(name, out ReplayPortal? portal))
        {
            Refuse("34000", $"portal \"{name}\" does not exist");
            return;
        }

        long before = portal.Sent;
        SendRows(portal, most == 0 ? portal.Left : Math.Min(most, portal.Left));
        long sent = portal.Sent - before;
        if (sent == most && most > 0)
        {
            // Also when no rows are left, which a server finds out only when it is asked for more.
            Reply(BackendMessages.PortalSuspended);
        }
        else
        {
            Complete(sent);
        }
    }

    private void Close(char kind, string name)
    {
        if (kind == 'S')
        {
            _statements.Remove(name);
            _commands.Remove(name);
        }
        else
        {
            _portals.Remove(name);
            _commandPortals.Remove(name);
        }

        Reply(BackendMessages.CloseComplete);
    }

    private void SendRows(ReplayPortal portal, long rows)
    {
        while (rows > 0)
        {
            ReadOnlyMemory<byte> messages = portal.Take(rows, out int taken);
            rows -= taken;
            Reply(messages.Span);
        }
    }

    private ReplayCommand? FindCommand(string sql) => sql == ProcessQuery
        ? new ReplayCommand(sql, BackendMessages.Join(BackendMessages.DataRow(number.ToString(CultureInfo.InvariantCulture)), BackendMessages.CommandComplete("SELECT 1")))
        : ReplayCommand.TryFind(sql, recording);

    // DISCARD ALL drops what was prepared too, its own unnamed statement and portal excepted.
    private void Ran(ReplayCommand command)
    {
        switch (command.Sql)
        {
            case "BEGIN":
                _status = 'T';
                break;
            case "COMMIT":
                _status = 'I';
                break;
            case "DISCARD ALL":
                _statements.Keys.Where(n => n.Length > 0).ToList().ForEach(n => _statements.Remove(n));
                _commands.Keys.Where(n => n.Length > 0).ToList().ForEach(n => _commands.Remove(n));
                break;
        }
    }

    private void Complete(long rows) => Reply(BackendMessages.CommandComplete($"SELECT {rows}"));

    private void Refuse(string state, string message)
    {
        refused(message);
        _failed = true;
        Reply(BackendMessages.ErrorResponse(state, message));

        // At once, as PostgreSQL does: the message that would ask for it is passed over.
        Flush();
    }

    private void Reply(ReadOnlySpan<byte> messages)
    {
        if (messages.Length <= LargestPending - _pending.Length)
        {
            _pending.Write(messages);
            return;
        }

        Flush();
        Send(messages);
    }

    private void Flush()
    {
        Send(_pending.GetBuffer().AsSpan(0, (int)_pending.Length));
        _pending.SetLength(0);
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }
}
