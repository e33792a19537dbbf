using System.Buffers.Binary;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Postgres.Rows;
using StreamRuntime.Postgres.Transport;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Transport;

/// <summary>What a client got of one conversation: the rows, and how it ended.</summary>
/// <param name="Output">The rows, each behind its length.</param>
/// <param name="Rows">How many.</param>
/// <param name="Error">Null when the result was complete.</param>
internal sealed record Outcome(byte[] Output, int Rows, Exception? Error)
{
    public static PostgresQuery Query { get; } = new("select data from t", []);

    /// <summary>The error's kind; fails the test when the failure is none of ours.</summary>
    public ErrorKind? Kind => Error is null ? null : Assert.IsType<StreamRuntimeException>(Error, exactMatch: false).Kind;

    public bool IsComplete => Error is null;

    public static bool Starts(byte[] bytes, params byte[][] messages) => bytes.AsSpan().StartsWith(BackendMessages.Join(messages));

    /// <summary>Options for a scripted server: no TLS, and deadlines a test can wait for.</summary>
    public static PostgresOptions OptionsFor(ScriptedServer server) => new()
    {
        Endpoints = [PostgresEndpoint.Tcp(ScriptedServer.Host, server.Port)],
        User = "postgres",
        SslMode = SslMode.Disable,
        ConnectTimeout = TimeSpan.FromSeconds(20),
        CancelTimeout = TimeSpan.FromMilliseconds(500),
        ResetsSessions = false,
    };

    /// <summary>Logs in, runs the query and reads everything, over a socket.</summary>
    public static async Task<Outcome> ReadAsync(PostgresOptions options, JsonRowStreamOptions? streamOptions = null, CancellationToken cancellationToken = default)
    {
        await using var source = PostgresDataSource.Create(options);
        return await ReadAsync(async () => await source.StreamAsync(Query, streamOptions, cancellationToken), cancellationToken);
    }

    /// <summary>The same over any stream, below which there is no socket.</summary>
    /// <param name="stream">The server.</param>
    /// <param name="options">The connection's options.</param>
    /// <param name="streamOptions">The stream's options.</param>
    /// <param name="keepRows">False counts the rows only.</param>
    /// <param name="known">The body of the description that an earlier run has left; null when it is the first.</param>
    public static Task<Outcome> ReadAsync(
        Stream stream, PostgresOptions options, JsonRowStreamOptions? streamOptions = null, bool keepRows = true, byte[]? known = null) =>
        ReadAsync(() => StartAsync(stream, options, streamOptions, known), default, keepRows);

    public static async Task<JsonRowStream> StartAsync(Stream stream, PostgresOptions options, JsonRowStreamOptions? streamOptions, byte[]? known = null)
    {
        var shapes = new StatementShapes();
        if (known is not null)
        {
            shapes.Set(Query, StatementShape.TryCreate(Query.Text, known, tail: null, out _)!);
        }

        var connection = new PostgresConnection(options, options.Endpoints[0], null, stream, isTls: false);
        try
        {
            await Login.RunAsync(connection, null, default);
            return JsonRowStream.Create(await QueryStarter.StartAsync(connection, Query, static (used, _) => used.DisposeAsync(), default, shapes), streamOptions);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<Outcome> ReadAsync(Func<Task<JsonRowStream>> start, CancellationToken cancellationToken, bool keepRows = true)
    {
        using var output = new MemoryStream();
        int rows = 0;
        JsonRowStream? stream = null;
        try
        {
            stream = await start();
            while (await stream.ReadBatchAsync(cancellationToken))
            {
                rows += stream.CurrentBatch.Count;
                if (keepRows)
                {
                    Write(stream.CurrentBatch, output);
                }
            }

            Assert.Equal(StreamState.Complete, stream.State);
            return new Outcome(output.ToArray(), rows, null);
        }
        catch (Exception failure) when (failure is StreamRuntimeException or OperationCanceledException)
        {
            Assert.NotEqual(StreamState.Complete, stream?.State);
            return new Outcome(output.ToArray(), rows, failure);
        }
        finally
        {
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private static void Write(RowBatch batch, MemoryStream output)
    {
        Span<byte> length = stackalloc byte[4];
        foreach (JsonRow row in batch)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, row.Length);
            output.Write(length);
            output.Write(row.Span);
        }
    }
}
