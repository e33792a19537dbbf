using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Sessions;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.Shutdown;

public sealed class ShutdownTests
{
    private static readonly TimeSpan AfterDrain = TimeSpan.FromSeconds(5.1);

    [Fact]
    public async Task Stop_WithNothingUnderWay_IsDoneAtOnce()
    {
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource(), new ManualTimeProvider());
        await host.Application.StopAsync().WaitAsync(TestRun.Patience);
        Assert.Equal(GatewayPhase.Draining, host.Gateway.Phase);
    }

    [Fact]
    public async Task Stopping_FromItsFirstWord_RefusesNewWorkAndIsNotReady()
    {
        var source = new ScriptedRowSource().Delivers("1").Blocks("2");
        await using GatewayHost host = await StartAsync(() => source, new ManualTimeProvider());
        using HttpResponseMessage running = await host.Client.GetAsync("/rows/q", HttpCompletionOption.ResponseHeadersRead);
        using (HttpResponseMessage ready = await host.Client.GetAsync("/readyz"))
        {
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        }

        host.Application.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        using (HttpResponseMessage ready = await host.Client.GetAsync("/readyz"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        }

        using (HttpResponseMessage refused = await host.Client.GetAsync("/rows/q"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal("5", refused.Headers.RetryAfter!.ToString());
            Assert.True(refused.Headers.ConnectionClose);
        }

        using (RawWebSocket socket = await RawWebSocket.ConnectAsync(host))
        {
            Assert.Equal(503, socket.Status);
        }

        // What runs may finish, and then the host stops without waiting for the rest of its time.
        Task stop = host.Application.StopAsync();
        source.Release();
        Assert.Equal("1\n2\n", await running.Content.ReadAsStringAsync());
        await stop.WaitAsync(TestRun.Patience);
    }

    [Fact]
    public async Task Stop_AfterTheDrainTime_ClosesWebSocketsBy1001AndAwaitsTheirAnswers()
    {
        var time = new ManualTimeProvider();
        var source = new ScriptedRowSource().Delivers("1").Blocks();
        await using GatewayHost host = await StartAsync(() => source, time);
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        await client.ReadMessageAsync();
        Task stop = host.Application.StopAsync();
        await Wait.UntilAsync(() => time.ArmedTimers > 1, TestRun.Patience, "the drain time runs");
        time.Advance(TimeSpan.FromSeconds(4.9));
        await Task.Delay(50);
        Assert.Equal(ConnectionState.Open, host.Gateway.Sessions.Single().State);
        time.Advance(TimeSpan.FromSeconds(0.2));
        (int code, string reason) = await client.ReadCloseAsync();
        Assert.Equal(1001, code);
        Assert.Contains("shutting down", reason, StringComparison.Ordinal);
        await Task.Delay(50);
        Assert.False(stop.IsCompleted);
        await client.SendCloseAsync(1001);
        Assert.Null(await client.ReadFrameAsync());
        await stop.WaitAsync(TestRun.Patience);
        Assert.Equal(1, source.Disposals);
    }

    [Theory]
    [InlineData("text/event-stream")]
    [InlineData("application/json")]
    [InlineData("application/x-ndjson")]
    public async Task Stop_AfterTheDrainTime_EndsEventsWithAnErrorAndAbortsTheRest(string accept)
    {
        var time = new ManualTimeProvider();
        var source = new ScriptedRowSource().Delivers("1").Blocks();
        await using GatewayHost host = await StartAsync(() => source, time);
        host.Client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        using HttpResponseMessage response = await host.Client.GetAsync("/rows/q", HttpCompletionOption.ResponseHeadersRead);
        Task<string> body = response.Content.ReadAsStringAsync();
        await source.BlockedAsync();
        Task stop = host.Application.StopAsync();
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(AfterDrain);
                return host.Gateway.Phase >= GatewayPhase.Closing;
            },
            TestRun.Patience,
            "the drain time is over");
        if (accept == "text/event-stream")
        {
            Assert.Matches("data: 1\n\n(:\n\n)*retry: 5000\nevent: error\ndata: \\{\"error\":\"Shutdown\",.*\"rows\":1\\}\n\n$", await body);
        }
        else
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => body);
        }

        await stop.WaitAsync(TestRun.Patience);
        Assert.Equal(1, source.Disposals);
        Assert.Equal(1, source.Cancellations);
    }

    [Fact]
    public async Task Stop_WithAClientThatDoesNotAnswer_EndsAfterTheCloseTime()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource().Blocks(), time);
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host);
        await client.ReadMessageAsync();
        Task stop = host.Application.StopAsync();
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return stop.IsCompleted;
            },
            TestRun.Patience,
            "the host has stopped");
        await stop;
        Assert.True(await client.IsEndedAsync());
    }

    private static Task<GatewayHost> StartAsync(Func<ScriptedRowSource> source, ManualTimeProvider time) => GatewayHost.StartAsync(
        app =>
        {
            app.MapRows("q", (_, _) => GatewayHost.Stream(source()));
            app.MapStreamHealth();
        },
        new StreamGatewayOptions { TimeProvider = time });
}
