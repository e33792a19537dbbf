using StreamRuntime.Benchmarks.Replay;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Tests.Replay;

/// <summary>A real server with rows, and a replay server that was listening to it.</summary>
public sealed class RecordedServer : IAsyncLifetime
{
    /// <summary>How many rows were recorded of the small and of the large ones.</summary>
    public const int Rows = 300;
    public const int LargeRows = 20;

    private PostgresCluster? _cluster;
    private ReplayServer? _replay;
    private Recording? _recording;

    internal PostgresCluster Cluster => _cluster!;

    internal ReplayServer Replay => _replay!;

    internal Recording Recording => _recording!;

    internal ServerAddress Live => new(PostgresCluster.Host, Cluster.Port, HasCatalogs: true);

    internal ServerAddress Replayed => new(ReplayServer.Host, Replay.Port, HasCatalogs: false);

    public async Task InitializeAsync()
    {
        _cluster = await JsonTables.StartAsync(Rows, LargeRows);
        _recording = await Recorder.RecordAsync(_cluster);
        _replay = ReplayServer.Start(_recording);
    }

    public async Task DisposeAsync()
    {
        _replay?.Dispose();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }
}
