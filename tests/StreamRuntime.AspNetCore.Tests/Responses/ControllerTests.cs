using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StreamRuntime.AspNetCore.Tests.Hosting;

namespace StreamRuntime.AspNetCore.Tests.Responses;

/// <summary>Rows as the result of a controller's action.</summary>
public sealed class ControllerTests
{
    [Theory]
    [InlineData("application/x-ndjson")]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    public async Task Action_SendsRowsAsTheClientAccepts(string accept)
    {
        await using GatewayHost host = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/controller/rows/3");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await host.Client.SendAsync(request);

        Assert.Equal(accept, response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(3, (await response.Content.ReadAsStringAsync()).Split("{\"id\":").Length - 1);
        await host.QuietAsync();
    }

    [Fact]
    public async Task Action_CountsTowardsTheGatewaysLimits()
    {
        await using GatewayHost host = await StartAsync(new StreamGatewayOptions { MaxRunningStreams = 1 });
        using HttpResponseMessage endless = await host.Client.GetAsync("/controller/rows/1000000000", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("from-controller", host.Gateway.Sessions.Single().Endpoint);

        using HttpResponseMessage refused = await host.Client.GetAsync("/controller/rows/1");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("5", refused.Headers.RetryAfter!.ToString());
    }

    [Fact]
    public async Task Action_ThatFailsBeforeTheFirstRow_IsAProblem()
    {
        await using GatewayHost host = await StartAsync();
        using HttpResponseMessage response = await host.Client.GetAsync("/controller/failing");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        await host.QuietAsync();
    }

    private static Task<GatewayHost> StartAsync(StreamGatewayOptions? options = null) => GatewayHost.StartAsync(
        app => app.MapControllers(),
        options,
        builder => builder.Services.AddControllers().AddApplicationPart(typeof(RowsController).Assembly));
}
