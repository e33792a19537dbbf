using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.AspNetCore.Tests.Endpoints;

public sealed class SessionRoutesTests
{
    [Fact]
    public async Task Sessions_WithoutAnAdministrator_AreRefused_AndRowsNeedTheirPolicy()
    {
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource().Delivers("1"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.GetAsync("/sessions")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.PostAsync("/sessions/1/close", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.GetAsync("/rows/q")).StatusCode);
        host.Client.DefaultRequestHeaders.Add("X-Role", "guest");
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Client.GetAsync("/sessions")).StatusCode);
        Assert.Equal("1\n", await host.Client.GetStringAsync("/rows/q"));
        Assert.Throws<ArgumentNullException>(() => host.Application.MapStreamSessions(null!));
    }

    [Fact]
    public async Task Session_OfAnHttpClient_IsListedPausedResumedAndClosed()
    {
        var source = new ScriptedRowSource().Delivers("1", "22").Blocks("3");
        await using GatewayHost host = await StartAsync(() => source);
        host.Client.DefaultRequestHeaders.Add("X-Role", "admin");
        using HttpResponseMessage response = await host.Client.GetAsync("/rows/q", HttpCompletionOption.ResponseHeadersRead);
        await source.BlockedAsync();
        using JsonDocument list = JsonDocument.Parse(await host.Client.GetStringAsync("/sessions"));
        Assert.Equal(1, list.RootElement.GetProperty("runningStreams").GetInt32());
        JsonElement session = Assert.Single(list.RootElement.GetProperty("sessions").EnumerateArray());
        Assert.Equal("q", session.GetProperty("endpoint").GetString());
        Assert.Equal("http", session.GetProperty("transport").GetString());
        Assert.Equal("Open", session.GetProperty("state").GetString());
        Assert.Equal("127.0.0.1", session.GetProperty("client").GetString());
        Assert.Equal(2, session.GetProperty("rows").GetInt32());
        Assert.Equal(3, session.GetProperty("bytes").GetInt32());
        Assert.True(session.GetProperty("stateMs").GetProperty("open").GetDouble() > 0);
        long id = session.GetProperty("id").GetInt64();

        using JsonDocument paused = await PostAsync(host, $"/sessions/{id}/pause?reason=maintenance");
        Assert.Equal("Paused", paused.RootElement.GetProperty("streamState").GetString());
        Assert.Equal("maintenance", paused.RootElement.GetProperty("pauseReason").GetString());
        Assert.Equal(1, host.Gateway.Streams.Paused);
        using JsonDocument resumed = await PostAsync(host, $"/sessions/{id}/resume");
        Assert.Equal("Running", resumed.RootElement.GetProperty("streamState").GetString());
        Assert.Equal(1, host.Gateway.Streams.Running);
        (await PostAsync(host, $"/sessions/{id}/close")).Dispose();
        await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync());
        await host.QuietAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.PostAsync($"/sessions/{id}/close", null)).StatusCode);
    }

    [Fact]
    public async Task Session_OfAWebSocket_TellsItsClientOfAPauseByAnAdministrator()
    {
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource().Blocks());
        host.Client.DefaultRequestHeaders.Add("X-Role", "admin");
        using RawWebSocket client = await RawWebSocket.ConnectAsync(host, extra: "X-Role: guest\r\n");
        long id = (await client.ReadMessageAsync()).GetProperty("session").GetInt64();
        (await PostAsync(host, $"/sessions/{id}/pause?reason=maintenance")).Dispose();
        JsonElement paused = await client.ReadMessageAsync();
        Assert.Equal("paused", paused.GetProperty("type").GetString());
        Assert.Equal("maintenance", paused.GetProperty("reason").GetString());
        (await PostAsync(host, $"/sessions/{id}/close")).Dispose();
        Assert.Equal(1000, (await client.ReadCloseAsync()).Code);
        await client.SendCloseAsync(1000);
        await host.QuietAsync();
    }

    private static async Task<JsonDocument> PostAsync(GatewayHost host, string path)
    {
        using HttpResponseMessage response = await host.Client.PostAsync(path, null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync());
    }

    private static Task<GatewayHost> StartAsync(Func<ScriptedRowSource> source) => GatewayHost.StartAsync(
        app =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapRows("q", (_, _) => GatewayHost.Stream(source())).RequireAuthorization();
            app.MapStreamSessions("admin");
        },
        configure: builder =>
        {
            builder.Services.AddAuthentication("role").AddScheme<AuthenticationSchemeOptions, RoleHandler>("role", null);
            builder.Services.AddAuthorization(o => o.AddPolicy("admin", p => p.RequireRole("admin")));
        });

    /// <summary>Takes a header's word for who somebody is.</summary>
    private sealed class RoleHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            string? role = Request.Headers["X-Role"];
            return Task.FromResult(role is null
                ? AuthenticateResult.NoResult()
                : AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, role)], "role")), "role")));
        }
    }
}
