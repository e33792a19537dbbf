using System.Data;
using System.Globalization;
using Npgsql;
using StreamRuntime.Sources.AdoNet;
using StreamRuntime.Streams;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>How streams over Npgsql end, and what is left of the connection they ran on.</summary>
[Collection(LiveTests.Name)]
public sealed class AdoNetEndingTests(LiveServer server)
{
    private const string Application = "ado_ending";
    private const string Endless = "select json_build_object('i', i) from (select generate_series(1, 2000000000) as i) _";

    private string ConnectionString => string.Create(
        CultureInfo.InvariantCulture, $"Host={TestKit.Servers.PostgresCluster.Host};Port={server.Cluster.Port};Username=postgres;Database=postgres;SSL Mode=Disable;Application Name={Application}");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DisposeBeforeTheEnd_CancelsTheQuery_AndLeavesTheConnectionClean(bool isSequential)
    {
        await using NpgsqlConnection connection = await OpenAsync();
        for (int round = 0; round < 5; round++)
        {
            await using var command = new NpgsqlCommand(Endless, connection);
            await using (JsonRowStream stream = await command.StreamJsonRowsAsync(new DataReaderRowsOptions { SequentialAccess = isSequential }))
            {
                Assert.True(await stream.ReadBatchAsync());
            }

            // The cancel must not meet the next query of the connection.
            command.CommandText = "select pg_sleep(0.05), 1";
            await command.ExecuteNonQueryAsync();
            Assert.Equal(ConnectionState.Open, connection.State);
        }

        await server.AssertIdleAsync(Application);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CancelledRead_EndsTheQuery_AndLeavesTheConnectionClean(bool isSequential)
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand("select case when i = 2000 then to_json(pg_sleep(60)::text) else to_json(repeat('x', 100)) end from generate_series(1, 2000) i", connection);
        await using (JsonRowStream stream = await command.StreamJsonRowsAsync(new DataReaderRowsOptions { SequentialAccess = isSequential }))
        {
            using var stop = new CancellationTokenSource();
            ValueTask<bool> read = stream.ReadBatchAsync(stop.Token);
            await server.WaitForEventAsync(Application, "PgSleep");
            await stop.CancelAsync();
            OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                while (await read)
                {
                    read = stream.ReadBatchAsync(stop.Token);
                }
            });
            Assert.Equal(stop.Token, error.CancellationToken);
        }

        command.CommandText = "select 1";
        Assert.Equal(1, await command.ExecuteScalarAsync());
        await server.AssertIdleAsync(Application);
    }

    [Fact]
    public async Task ServerErrorInMidStream_DeliversTheRowsBefore_AndKeepsItsFields()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand("select to_json(10 / (6 - i)) from (select generate_series(1, 10) as i) _", connection);
        await using (JsonRowStream stream = await command.StreamJsonRowsAsync())
        {
            List<string> rows = [];
            StreamRuntimeException error = await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => stream.AddRestAsync(rows));
            Assert.Equal(["2", "2", "3", "5", "10"], rows);
            Assert.Equal((ErrorKind.Server, "22012"), (error.Kind, error.SqlState));
            Assert.IsType<PostgresException>(error.InnerException);
        }

        command.CommandText = "select 1";
        Assert.Equal(1, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task CommandThatCannotBeRun_KeepsItsFields()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand("select * from nowhere", connection);
        StreamRuntimeException error = await Assert.ThrowsAnyAsync<StreamRuntimeException>(async () => await command.StreamJsonRowsAsync());
        Assert.Equal("42P01", error.SqlState);
        command.CommandText = "select 1";
        Assert.Equal(1, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task LostConnection_IsTransient()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand(Endless, connection);
        await using JsonRowStream stream = await command.StreamJsonRowsAsync();
        Assert.True(await stream.ReadBatchAsync());
        await server.Cluster.PsqlAsync($"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{Application}'");
        StreamRuntimeException error = await Assert.ThrowsAnyAsync<StreamRuntimeException>(() => stream.CountBatchesAsync());
        Assert.True(error.IsTransient, error.ToString());
    }

    [Theory]
    [InlineData("insert into nothing_much values (1)")]
    [InlineData("select 1 where false")]
    public async Task NoRows_CompleteAtOnce(string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand("create temp table nothing_much (a int)", connection);
        await command.ExecuteNonQueryAsync();
        command.CommandText = sql;
        await using JsonRowStream stream = await command.StreamJsonRowsAsync();
        Assert.Empty(await stream.RestAsync());
        Assert.Equal(StreamState.Complete, stream.State);
    }

    [Fact]
    public async Task RowsWithoutColumns_AreEmptyObjects()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand("select from generate_series(1, 3)", connection);
        await using JsonRowStream stream = await command.StreamJsonRowsAsync();
        Assert.Equal(["{}", "{}", "{}"], await stream.RestAsync());
    }

    [Fact]
    public async Task PausedStream_HoldsTheServerBack_AndGoesOnAtTheNextRow()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using var command = new NpgsqlCommand(LiveStreams.Numbered(200_000, padding: 200), connection);
        await using JsonRowStream stream = await command.StreamJsonRowsAsync();
        Assert.True(await stream.ReadBatchAsync());
        int last = stream.CountBatch(0);
        await stream.PauseAsync();
        await server.WaitForEventAsync(Application, "ClientWrite");
        Assert.InRange(stream.GetStatistics().BufferedBytes, 0, 256 * 1024);
        await stream.ResumeAsync();
        Assert.Equal(200_000, await stream.CountOnAsync(last));
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
