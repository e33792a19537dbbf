using System.Diagnostics;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.Diagnostics;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Telemetry;

namespace StreamRuntime.AspNetCore.Tests.Diagnostics;

/// <summary>Other tests' gateways are traced as well while one of these listens; the endpoints' names are these tests' alone.</summary>
public sealed class GatewayActivityTests
{
    private const string Server = "Microsoft.AspNetCore";
    private const string Endpoint = "streamruntime.gateway.endpoint";

    private static readonly ActivitySource Inner = new("StreamRuntime.AspNetCore.Tests.Inner");

    [Theory]
    [InlineData("traced-http", "http")]
    [InlineData("traced-socket", "websocket")]
    public async Task Result_IsASpan_WithinItsRequest_AndAroundItsQuery(string endpoint, string transport)
    {
        using var spans = CollectedSpans.Start(RuntimeActivitySource.Name, Server, Inner.Name);
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows(endpoint, (_, _) =>
        {
            // As a data source does: its span begins when the query is started.
            using Activity? query = Inner.StartActivity(endpoint);
            return GatewayHost.Stream(new ScriptedRowSource().Delivers("1", "22").Delivers("333"));
        }));
        if (transport == "http")
        {
            Assert.Equal("1\n22\n333\n", await host.Client.GetStringAsync($"/rows/{endpoint}"));
        }
        else
        {
            using RawWebSocket socket = await RawWebSocket.ConnectAsync(host, $"/rows/{endpoint}");
            Assert.Equal(1000, (await socket.ReadCloseAsync()).Code);
            await socket.SendCloseAsync(1000);
        }

        await host.QuietAsync();
        await Wait.UntilAsync(() => Of(spans, endpoint) is { } ours && spans.Ended.Any(s => s.SpanId == ours.ParentSpanId), TestRun.Patience, "the request's span has ended");
        Activity served = Of(spans, endpoint)!;
        Assert.Equal(($"rows {endpoint}", ActivityKind.Internal, ActivityStatusCode.Unset), (served.DisplayName, served.Kind, served.Status));
        Assert.Equal((transport, "Completed"), (served.GetTagItem("streamruntime.gateway.transport"), served.GetTagItem("streamruntime.gateway.end")));
        Assert.Equal((3L, 6L, 0), (served.GetTagItem("streamruntime.stream.rows"), served.GetTagItem("streamruntime.stream.bytes"), served.GetTagItem("streamruntime.stream.pauses")));
        Activity request = spans.Ended.Single(s => s.SpanId == served.ParentSpanId);
        Assert.Equal(Server, request.Source.Name);
        Activity query = spans.Ended.Single(s => s.Source == Inner && s.DisplayName == endpoint);
        Assert.Equal(served.SpanId, query.ParentSpanId);
        Assert.Equal(request.TraceId, query.TraceId);
    }

    [Fact]
    public async Task ResultThatFails_IsASpanInError_WithoutTheMessage()
    {
        using var spans = CollectedSpans.Start(RuntimeActivitySource.Name);
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows(
            "traced-failure", (_, _) => GatewayHost.Stream(new ScriptedRowSource().Fails(new StreamRuntimeException(ErrorKind.ConnectionLost, "secret")))));
        using (await host.Client.GetAsync(new Uri("/rows/traced-failure", UriKind.Relative)))
        {
        }

        await host.QuietAsync();
        await Wait.UntilAsync(() => Of(spans, "traced-failure") is not null, TestRun.Patience, "the span has ended");
        Activity served = Of(spans, "traced-failure")!;
        Assert.Equal((ActivityStatusCode.Error, "Failed"), (served.Status, served.GetTagItem("error.type")));
        Assert.DoesNotContain(served.TagObjects, t => $"{t.Value}".Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stream_OfASession_IsNamedAfterIt_UnlessItHasAName()
    {
        JsonRowStream? named = null;
        JsonRowStream? unnamed = null;
        await using GatewayHost host = await GatewayHost.StartAsync(app =>
        {
            app.MapRows("unnamed", (_, _) => new(unnamed = JsonRowStream.Create(new ScriptedRowSource().Delivers("1"))));
            app.MapRows("named", (_, _) => new(named = JsonRowStream.Create(new ScriptedRowSource().Delivers("1"), new JsonRowStreamOptions { Name = "mine" })));
        });
        await host.Client.GetStringAsync("/rows/unnamed");
        await host.Client.GetStringAsync("/rows/named");
        Assert.Equal(("unnamed #1", "mine"), (unnamed!.Name, named!.Name));
    }

    private static Activity? Of(CollectedSpans spans, string endpoint) => spans.Ended.SingleOrDefault(s => s.GetTagItem(Endpoint) is string name && name == endpoint);
}
