using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Live;

/// <summary>Somebody who updates, inserts and deletes rows of a table <c>(id, data)</c> at full speed, a transaction for each, until disposed.</summary>
internal sealed class ParallelWriter : IAsyncDisposable
{
    private readonly PostgresCluster _cluster;
    private readonly string _table;
    private readonly Task _writing;

    private ParallelWriter(PostgresCluster cluster, string table, string data)
    {
        _cluster = cluster;
        _table = table;
        _writing = cluster.PsqlAsync($"""
            do $$
            declare n int := 0; top int := 1000000000;
            begin
              while not exists (select 1 from stopped where name = '{table}') loop
                n := n + 1;
                update {table} set data = {data.Replace("ID", "n", StringComparison.Ordinal)} where id = 1 + (n * 7919) % 20000;
                insert into {table} (id, data) values (top + n, {data.Replace("ID", "n", StringComparison.Ordinal)});
                delete from {table} where id = top + n - 5 or id = (n * 104729) % 20000;
                insert into written values ('{table}', n) on conflict (name) do update set n = excluded.n;
                commit;
              end loop;
            end $$
            """);
    }

    /// <summary>Starts to write, and waits until something has been written.</summary>
    /// <param name="cluster">The server.</param>
    /// <param name="table">The table.</param>
    /// <param name="data">SQL for a value of data, in which ID is the row's.</param>
    public static async Task<ParallelWriter> StartAsync(PostgresCluster cluster, string table, string data)
    {
        await cluster.PsqlAsync("create table if not exists stopped (name text); create table if not exists written (name text primary key, n int)");
        var writer = new ParallelWriter(cluster, table, data);
        await writer.WaitForMoreAsync(50);
        return writer;
    }

    /// <summary>Waits until so many further transactions are through.</summary>
    public async Task WaitForMoreAsync(int count)
    {
        int before = await CountAsync();
        await Wait.UntilAsync(
            async () => _writing.IsCompleted || await CountAsync() >= before + count, TimeSpan.FromSeconds(30), "the writer writes");
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.PsqlAsync($"insert into stopped values ('{_table}')");
        await _writing;
    }

    private async Task<int> CountAsync() =>
        int.TryParse(await _cluster.PsqlAsync($"select n from written where name = '{_table}'"), out int n) ? n : 0;
}
