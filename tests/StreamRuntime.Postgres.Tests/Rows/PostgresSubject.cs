using System.Net.Sockets;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Tests.Transport;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.TestKit.Conformance;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>A query's rows from a server that sends what a script says, and stops when it is asked to.</summary>
/// <param name="failsOver">True for rows that would be had from another server if this one were lost before the first.</param>
internal sealed class PostgresSubject(bool failsOver) : SourceUnderTest
{
    public override SourceAbilities Abilities => SourceAbilities.All;

    public override async ValueTask<OpenedSource> OpenAsync(SourceScript script)
    {
        var answer = new ScriptedAnswer(script);
        var server = ScriptedServer.Start(answer.GiveAsync);
        PostgresOptions options = Outcome.OptionsFor(server);
        Socket socket = await ConnectionOpener.ConnectSocketAsync(options, options.Endpoints[0], default);
        var receives = new ReceiveLog();
        var connection = new PostgresConnection(options, options.Endpoints[0], socket, new ObservedStream(new NetworkStream(socket, ownsSocket: true), receives), isTls: false);
        await Login.RunAsync(connection, null, default);
        bool isReleased = false;
        PostgresRowSource source = await QueryStarter.StartAsync(
            connection,
            Outcome.Query,
            async (used, _) =>
            {
                await used.DisposeAsync();
                Volatile.Write(ref isReleased, true);
            },
            default);
        return new OpenedSource(failsOver ? new RowsThatFailOver(source, 1, (_, _) => throw new InvalidOperationException("nothing is lost here"), _ => true, null) : source)
        {
            GoOn = answer.GoOn,
            Receives = receives,
            IsLetGo = () => Volatile.Read(ref isReleased) && (answer.IsGiven || server.CancelRequests.Count > 0),
            CloseAsync = async () =>
            {
                await server.DisposeAsync();
                answer.Dispose();
            },
        };
    }

    /// <summary>One query's answer, piece by piece.</summary>
    private sealed class ScriptedAnswer(SourceScript script) : IDisposable
    {
        private const int WriteBytes = 32 * 1024;
        private readonly SemaphoreSlim _goOn = new(0);
        private readonly CancellationTokenSource _cancelled = new();
        private volatile bool _isGiven;

        public bool IsGiven => _isGiven;

        public void GoOn() => _goOn.Release();

        public void Dispose()
        {
            _goOn.Dispose();
            _cancelled.Dispose();
        }

        public async Task GiveAsync(ScriptedConnection connection)
        {
            if (connection.Number > 0)
            {
                // The only other connection is a cancel request's, which ends the script by an exception once it has been recorded.
                try
                {
                    await connection.StartUpAsync();
                }
                finally
                {
                    await _cancelled.CancelAsync();
                }
            }

            await connection.StartUpAsync();
            await connection.ExpectAsync("PDH");
            await connection.SendAsync(Conversation.DescribedJson);
            await connection.ExpectAsync("BES");
            try
            {
                await SendRowsAsync(connection, _cancelled.Token);
                await connection.SendAsync(
                    script.Failure is { } failure ? BackendMessages.ErrorResponse("58000", failure) : BackendMessages.CommandComplete($"SELECT {script.Rows.Count}"),
                    BackendMessages.ReadyForQuery());
                _isGiven = true;
            }
            catch (OperationCanceledException)
            {
                await connection.SendAsync(BackendMessages.ErrorResponse("57014", "canceling statement due to user request"), BackendMessages.ReadyForQuery());
            }

            await connection.DrainAsync();
        }

        private async Task SendRowsAsync(ScriptedConnection connection, CancellationToken cancelled)
        {
            List<byte[]> pending = [BackendMessages.BindComplete];
            int bytes = 0;
            for (int row = 0; row < script.Rows.Count; row++)
            {
                if (script.SilentAfter.Contains(row) || bytes >= WriteBytes)
                {
                    cancelled.ThrowIfCancellationRequested();
                    await connection.SendAsync([.. pending]);
                    pending.Clear();
                    bytes = 0;
                }

                if (script.SilentAfter.Contains(row))
                {
                    await _goOn.WaitAsync(cancelled);
                }

                pending.Add(BackendMessages.DataRow(script.Rows[row]));
                bytes += pending[^1].Length;
            }

            await connection.SendAsync([.. pending]);
        }
    }
}
