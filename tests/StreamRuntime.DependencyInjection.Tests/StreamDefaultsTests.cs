using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Streams;

namespace StreamRuntime.DependencyInjection.Tests;

public sealed class StreamDefaultsTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Stream_WithoutOptions_HasTheHosts_AndWithOptions_ItsOwn()
    {
        await using ServiceProvider provider = new ServiceCollection()
            .AddStreamRuntime(runtime => runtime.Streams = runtime.Streams with { MaxRowBytes = 8 })
            .AddPostgresRows(server.Cluster.ConnectionString)
            .BuildServiceProvider();
        PostgresDataSource source = provider.GetRequiredService<PostgresDataSource>();

        await using JsonRowStream limited = await source.StreamAsync($"select 'long enough' as text");
        Assert.Equal(ErrorKind.RowTooLarge, (await Assert.ThrowsAsync<StreamRuntimeException>(async () => await limited.ReadBatchAsync())).Kind);

        await using JsonRowStream free = await source.StreamAsync($"select 'long enough' as text", JsonRowStreamOptions.Default);
        Assert.True(await free.ReadBatchAsync());
    }
}
