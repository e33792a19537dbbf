using BenchmarkDotNet.Attributes;
using Npgsql;
using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.Connections;
using StreamRuntime.Postgres.Transport;

namespace StreamRuntime.Benchmarks.Connections;

/// <summary>What does it cost to lease an idle connection from a pool, and to return it?</summary>
/// <remarks>
/// Nothing is sent by either side. Npgsql resets a session by what it sends ahead of the next command, and there is none; ours sends its reset ahead of the next query too, or at the return, which
/// belongs to the data source: <see cref="PoolQueryBenchmarks"/> has both.
/// </remarks>
[Situation(Name)]
[BenchmarkCategory(Category.Connections)]
public class PoolLeaseBenchmarks
{
    internal const string Name = "lease and return of a pooled connection";

    private const int Leases = 256;

    private NpgsqlDataSource _npgsql = null!;
    private NpgsqlConnection _connection = null!;
    private ConnectionPool<PostgresConnection> _pool = null!;

    [GlobalSetup]
    public void Setup()
    {
        _npgsql = PooledServer.Npgsql(resetsSessions: true);
        _connection = _npgsql.CreateConnection();
        _connection.Open();
        _connection.Close();
        _pool = PooledServer.Pool();
        _pool.LeaseAsync().AsTask().GetAwaiter().GetResult().ReturnAsync(isClean: true).AsTask().GetAwaiter().GetResult();
    }

    [Benchmark(Description = Subject.NpgsqlPool, OperationsPerInvoke = Leases, Baseline = true)]
    public void NpgsqlPool()
    {
        for (int i = 0; i < Leases; i++)
        {
            Completed.Now(new ValueTask(_connection.OpenAsync()));
            Completed.Now(new ValueTask(_connection.CloseAsync()));
        }
    }

    [Benchmark(Description = Subject.NpgsqlPoolNewObject, OperationsPerInvoke = Leases)]
    public void NpgsqlPoolNewObject()
    {
        for (int i = 0; i < Leases; i++)
        {
            Completed.Now(Completed.Now(_npgsql.OpenConnectionAsync()).DisposeAsync());
        }
    }

    [Benchmark(Description = Subject.OurPool, OperationsPerInvoke = Leases)]
    public void OurPool()
    {
        for (int i = 0; i < Leases; i++)
        {
            Completed.Now(Completed.Now(_pool.LeaseAsync()).ReturnAsync(isClean: true));
        }
    }
}
