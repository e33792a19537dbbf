using BenchmarkDotNet.Attributes;
using Npgsql;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.Queries;
using StreamRuntime.Streams;

namespace StreamRuntime.Benchmarks.Connections;

/// <summary>What does one row cost on a connection from the pool, from the lease to the return, with and without a reset of the session in between?</summary>
[Situation(Name, SpansThreads = true)]
[BenchmarkCategory(Category.Connections)]
public class PoolQueryBenchmarks
{
    internal const string Name = "one row on a pooled connection";

    private const string Sql = "select 1 as i";
    private const int Queries = 16;

    private readonly PostgresQuery _query = new(Sql);
    private NpgsqlDataSource _npgsql = null!;
    private NpgsqlDataSource _npgsqlReset = null!;
    private PostgresDataSource _ours = null!;
    private PostgresDataSource _oursReset = null!;

    [GlobalSetup]
    public void Setup()
    {
        _npgsql = PooledServer.Npgsql(resetsSessions: false);
        _npgsqlReset = PooledServer.Npgsql(resetsSessions: true);
        _ours = PooledServer.Ours(resetsSessions: false);
        _oursReset = PooledServer.Ours(resetsSessions: true);
    }

    [Benchmark(Description = Subject.NpgsqlPoolNewObject, OperationsPerInvoke = Queries, Baseline = true)]
    public Task NpgsqlPool() => QueryAsync(_npgsql);

    [Benchmark(Description = Subject.OurPool, OperationsPerInvoke = Queries)]
    public Task OurPool() => QueryAsync(_ours);

    [Benchmark(Description = Subject.NpgsqlReset, OperationsPerInvoke = Queries)]
    public Task NpgsqlReset() => QueryAsync(_npgsqlReset);

    [Benchmark(Description = Subject.OurPoolReset, OperationsPerInvoke = Queries)]
    public Task OurPoolReset() => QueryAsync(_oursReset);

    private static async Task QueryAsync(NpgsqlDataSource source)
    {
        for (int i = 0; i < Queries; i++)
        {
            await using NpgsqlConnection connection = await source.OpenConnectionAsync();
            await using var command = new NpgsqlCommand(Sql, connection);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                reader.GetInt32(0);
            }
        }
    }

    private async Task QueryAsync(PostgresDataSource source)
    {
        for (int i = 0; i < Queries; i++)
        {
            await using JsonRowStream stream = await source.StreamAsync(_query);
            while (await stream.ReadBatchAsync())
            {
                _ = stream.CurrentBatch;
            }
        }
    }
}
