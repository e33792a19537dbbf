using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>A private PostgreSQL cluster for the tests of one class.</summary>
public sealed class RowsServer : IAsyncLifetime
{
    private PostgresCluster? _cluster;

    public string SocketDirectory => _cluster!.SocketDirectory;

    public int Port => _cluster!.Port;

    public async Task InitializeAsync() => _cluster = await PostgresCluster.StartAsync();

    public async Task DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }
}
