using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary><c>streamrt serve</c> met by the WebSocket that Node has built in.</summary>
public sealed class NodeClientTests
{
    [Fact]
    public async Task Result_PausedAndResumed_ComesWholeAndEndsInOrder()
    {
        const int Rows = 200_000;
        await using ServedProgram served = await ServedProgram.StartAsync("--source", $"sample:rows={Rows}");
        await using Streamrt client = await NodeProgram.StartClientAsync(new Uri(served.Address, "rows/rows"), pauses: 5);

        JsonElement[] said = Lines(await client.ReadToEndAsync());

        Assert.Equal("streamruntime.v1", said[0].GetProperty("protocol").GetString());
        Assert.Equal(5, said.Count(m => Is(m, "type", "paused")));
        Assert.Equal(5, said.Count(m => Is(m, "type", "resumed")));
        Assert.Equal(Rows, said.Single(m => Is(m, "type", "complete")).GetProperty("rows").GetInt64());
        JsonElement end = said[^1];
        Assert.Equal((1000, true, Rows), (end.GetProperty("code").GetInt32(), end.GetProperty("wasClean").GetBoolean(), end.GetProperty("rows").GetInt64()));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await Samples.BytesAsync(Rows))), end.GetProperty("sha256").GetString());
        Assert.Equal(0, await client.WaitForExitAsync());
    }

    [Fact]
    public async Task Terminate_ClosesItBy1001()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=1000000000", "--drain-time", "100ms");
        await using Streamrt client = await NodeProgram.StartClientAsync(new Uri(served.Address, "rows/rows"), pauses: 1);
        Task<byte[]> output = client.ReadToEndAsync();
        await Wait.UntilAsync(async () => await served.CountSentBytesAsync() > 1_000_000, Streamrt.Limit, "rows come");

        Assert.Equal(0, await served.StopAsync());

        JsonElement end = Lines(await output)[^1];
        Assert.Equal((1001, true), (end.GetProperty("code").GetInt32(), end.GetProperty("wasClean").GetBoolean()));
        Assert.Contains("shutting down", end.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_ThatIsStopped_AnswersNoPing_AndLetsGoOfItsQuery()
    {
        await using PostgresCluster cluster = await PostgresCluster.StartAsync();
        using ServeAdministrator administrator = await ServeAdministrator.CreateAsync();
        await using ServedProgram served = await ServedProgram.StartAsync(
        [
            "--source", cluster.Uri, "--endpoint", "sleep=select json_build_object('slept', pg_sleep(600)::text)", "--ping-interval", "200ms", "--pong-timeout", "1s",
            .. administrator.Arguments,
        ]);
        await using Streamrt healthy = await NodeProgram.StartClientAsync(new Uri(served.Address, "rows/sleep"));
        await using Streamrt client = await NodeProgram.StartClientAsync(new Uri(served.Address, "rows/sleep"));
        await Wait.UntilAsync(async () => await cluster.CountActiveQueriesAsync() == 2, Streamrt.Limit, "both queries run");

        client.Signal(UnixSignal.Stop);

        await Wait.UntilAsync(async () => await cluster.CountActiveQueriesAsync() == 1, Streamrt.Limit, "the stopped client's query is cancelled");
        await Wait.UntilAsync(
            async () => (await administrator.ListAsync(served)).GetProperty("connections").GetInt32() == 1, Streamrt.Limit, "the stopped client is counted out");
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.Equal(1, await cluster.CountActiveQueriesAsync());
    }

    private static JsonElement[] Lines(byte[] output) =>
        [.. Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];

    private static bool Is(JsonElement message, string member, string value) => message.TryGetProperty(member, out JsonElement found) && found.GetString() == value;
}
