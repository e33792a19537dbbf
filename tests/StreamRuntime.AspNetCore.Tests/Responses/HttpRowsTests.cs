using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.Streams;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.Responses;

public sealed class HttpRowsTests
{
    [Theory]
    [InlineData(null, "application/x-ndjson")]
    [InlineData("*/*", "application/x-ndjson")]
    [InlineData("application/json", "application/json")]
    [InlineData("text/event-stream", "text/event-stream")]
    [InlineData("application/json;q=0.5, text/event-stream;q=0.9", "text/event-stream")]
    [InlineData("application/*, application/x-ndjson;q=0", "application/json")]
    [InlineData("text/html, */*;q=0.1", "application/x-ndjson")]
    public async Task Get_WithAccept_GivesThatFormat(string? accept, string contentType)
    {
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource().Delivers("""{"a":1}""", """{"a":2}""").Delivers("3"));
        using HttpResponseMessage response = await GetAsync(host, accept);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(contentType, response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("no", response.Headers.GetValues("X-Accel-Buffering").Single());
        Assert.Equal(
            contentType switch
            {
                "application/x-ndjson" => "{\"a\":1}\n{\"a\":2}\n3\n",
                "application/json" => "[{\"a\":1},\n{\"a\":2},\n3]\n",
                _ => "data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: 3\n\nevent: complete\ndata: {\"rows\":3}\n\n",
            },
            await response.Content.ReadAsStringAsync());
        await host.QuietAsync();
    }

    [Fact]
    public async Task Get_AcceptingNothingThereIs_Is406WithoutOpening()
    {
        int opened = 0;
        await using GatewayHost host = await StartAsync(() =>
        {
            opened++;
            return new ScriptedRowSource();
        });
        using HttpResponseMessage response = await GetAsync(host, "text/html");
        Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(0, opened);
    }

    [Fact]
    public async Task Get_NoRows_IsAnEmptyWholeResult()
    {
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource());
        Assert.Equal("", await host.Client.GetStringAsync("/rows/q"));
        using HttpResponseMessage array = await GetAsync(host, "application/json");
        Assert.Equal("[]\n", await array.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Head_OfQuery_GivesTheHeadersWithoutOpening()
    {
        int opened = 0;
        await using GatewayHost host = await StartAsync(() =>
        {
            opened++;
            return new ScriptedRowSource();
        });
        using var request = new HttpRequestMessage(HttpMethod.Head, "/rows/q");
        using HttpResponseMessage response = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(0, opened);
    }

    [Theory]
    [InlineData("22P02", 400)]
    [InlineData("23505", 409)]
    [InlineData("42501", 403)]
    [InlineData("42P01", 500)]
    [InlineData("53300", 503)]
    [InlineData("57014", 504)]
    [InlineData("57P03", 503)]
    public async Task Get_ServerErrorBeforeTheFirstRow_IsAProblemWithItsCodeAndNoMore(string sqlState, int status)
    {
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource().Fails(new ServerFailure(sqlState, "select secret from hidden")));
        using HttpResponseMessage response = await GetAsync(host, null);
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 503, response.Headers.RetryAfter is not null);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        using JsonDocument problem = JsonDocument.Parse(body);
        Assert.Equal(sqlState, problem.RootElement.GetProperty("code").GetString());
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        await host.QuietAsync();
    }

    [Fact]
    public async Task Get_OpenFails_IsAProblem()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows(
            "q", (_, _) => throw new StreamRuntimeException(ErrorKind.ConnectFailed, "nobody at db.internal:5432", isTransient: true)));
        using HttpResponseMessage response = await GetAsync(host, null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.DoesNotContain("db.internal", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await host.QuietAsync();
    }

    [Fact]
    public async Task Get_ErrorAfterTheFirstRow_EndsEventsWithAnError()
    {
        await using GatewayHost host = await StartAsync(() => new ScriptedRowSource().Delivers("1", "2").Fails(new ServerFailure("57P01", "secret")));
        using HttpResponseMessage response = await GetAsync(host, "text/event-stream");
        string body = await response.Content.ReadAsStringAsync();
        Assert.StartsWith("data: 1\n\ndata: 2\n\nevent: error\ndata: {", body, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"57P01\"", body, StringComparison.Ordinal);
        Assert.Contains("\"rows\":2}", body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("complete", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_WithControlLines_SaysHowItEnded()
    {
        bool fails = false;
        await using GatewayHost host = await StartAsync(() => fails
            ? new ScriptedRowSource().Delivers("1").Fails(new ServerFailure("57P01", "gone"))
            : new ScriptedRowSource().Delivers("1").Delivers("2"));
        Assert.Equal("1\n2\n{\"$stream\":{\"type\":\"complete\",\"rows\":2}}\n", await host.Client.GetStringAsync("/rows/q?control=lines"));
        fails = true;
        string[] lines = (await host.Client.GetStringAsync("/rows/q?control=lines")).Split('\n');
        Assert.Equal("1", lines[0]);
        using JsonDocument control = JsonDocument.Parse(lines[1]);
        JsonProperty only = Assert.Single(control.RootElement.EnumerateObject());
        Assert.Equal("$stream", only.Name);
        Assert.Equal("error", only.Value.GetProperty("type").GetString());
        Assert.Equal("57P01", only.Value.GetProperty("code").GetString());
        using HttpResponseMessage other = await host.Client.GetAsync("/rows/q?control=pages");
        Assert.Equal(HttpStatusCode.BadRequest, other.StatusCode);
    }

    [Fact]
    public async Task Get_ClientVanishes_CancelsTheStream()
    {
        var source = new ScriptedRowSource().Delivers("1").Blocks();
        await using GatewayHost host = await StartAsync(() => source);
        using (HttpResponseMessage response = await GetAsync(host, null))
        {
            await source.BlockedAsync();
        }

        await Wait.UntilAsync(() => source.Disposals == 1, TestRun.Patience, "the stream is disposed");
        Assert.Equal(1, source.Cancellations);
        await host.QuietAsync();
    }

    [Fact]
    public async Task Get_ClientReadsNothing_HoldsTheStreamBackAndIsNotCutOff()
    {
        long made = 0;
        var source = new ScriptedRowSource().Forever((rows, _) =>
        {
            rows.Write(new byte[8000].AsSpan());
            rows.EndRow();
            Interlocked.Add(ref made, 8000);
        });
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows(
            "q", (_, _) => new(JsonRowStream.Create(source, new JsonRowStreamOptions { AllowInvalidText = true }))));
        using Socket socket = await host.ConnectAsync();
        await socket.SendAsync("GET /rows/q HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());

        // The server's minimum rate would end the response after 5 s, so it is looked at for longer.
        long seen = -1;
        await Wait.UntilAsync(
            async () =>
            {
                long before = Interlocked.Exchange(ref seen, Interlocked.Read(ref made));
                await Task.Delay(300);
                return before > 0 && before == Interlocked.Read(ref made);
            },
            TestRun.Patience,
            "the stream stands still");
        long stalledAt = Interlocked.Read(ref made);
        await Task.Delay(TimeSpan.FromSeconds(6));
        Assert.Equal(stalledAt, Interlocked.Read(ref made));
        Assert.Equal(1, host.Gateway.Connections);
        var buffer = new byte[1024 * 1024];
        for (long received = 0; received < stalledAt + 1_000_000;)
        {
            int count = await socket.ReceiveAsync(buffer);
            Assert.NotEqual(0, count);
            received += count;
        }
    }

    [Fact]
    public async Task Events_WithoutRows_CarryCommentsAtTheInterval()
    {
        var time = new ManualTimeProvider();
        var source = new ScriptedRowSource().Delivers("1").Blocks("2");
        await using GatewayHost host = await StartAsync(() => source, new StreamGatewayOptions { TimeProvider = time });
        using HttpResponseMessage response = await GetAsync(host, "text/event-stream");
        using Stream body = await response.Content.ReadAsStreamAsync();
        await source.BlockedAsync();
        Assert.Equal("data: 1\n\n", await ReadAsync(body, 9));
        time.Advance(TimeSpan.FromSeconds(14.8));
        Task<string> next = ReadAsync(body, 3);
        await Task.Delay(50);
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.3));
        Assert.Equal(":\n\n", await next);
        next = ReadAsync(body, 3);
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return next.IsCompleted;
            },
            TestRun.Patience,
            "another comment");
        source.Release();
        Assert.StartsWith("data: 2\n\nevent: complete\ndata: {\"rows\":2}\n\n", (await new StreamReader(body).ReadToEndAsync()).Replace(":\n\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await host.QuietAsync();
    }

    [Fact]
    public async Task JsonRowsResult_InAMinimalApi_SendsRows()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapGet("/own", (RequestDelegate)(context =>
            Results.Extensions.JsonRows(_ => GatewayHost.Sample(1000)).ExecuteAsync(context))));
        Assert.Equal(1000, (await host.Client.GetStringAsync("/own")).Count(c => c == '\n'));
        await host.QuietAsync();
    }

    [Fact]
    public async Task Get_LargeResult_IsExact()
    {
        await using GatewayHost host = await GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Sample(200_000, 214)));
        byte[] body = await host.Client.GetByteArrayAsync("/rows/q");
        await using JsonRowStream again = await GatewayHost.Sample(200_000, 214);
        using var expected = new MemoryStream();
        await again.CopyToAsync(expected);
        Assert.True(body.AsSpan().SequenceEqual(expected.ToArray()));
    }

    internal static Task<GatewayHost> StartAsync(
        Func<IRowSource> source, StreamGatewayOptions? options = null, HttpProtocols protocols = HttpProtocols.Http1) =>
        GatewayHost.StartAsync(app => app.MapRows("q", (_, _) => GatewayHost.Stream(source())), options, protocols: protocols);

    private static Task<HttpResponseMessage> GetAsync(GatewayHost host, string? accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/rows/q");
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<string> ReadAsync(Stream stream, int bytes)
    {
        var buffer = new byte[bytes];
        await stream.ReadExactlyAsync(buffer);
        return Encoding.UTF8.GetString(buffer);
    }
}
