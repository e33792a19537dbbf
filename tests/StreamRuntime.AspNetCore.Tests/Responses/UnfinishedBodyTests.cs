using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.TestKit;
using StreamRuntime.TestKit.Streams;
using StreamRuntime.TestKit.Timing;

namespace StreamRuntime.AspNetCore.Tests.Responses;

/// <summary>Results that break after their first row: the client gets the status line, the rows before the failure, and never a whole body.</summary>
public sealed class UnfinishedBodyTests
{
    public static TheoryData<string, string> Formats => new()
    {
        { "application/x-ndjson", "1\n2\n" },
        { "application/json", "[1,\n2" },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Get_OverHttp11_GivesTheRowsBefore(string accept, string rows)
    {
        await using GatewayHost host = await StartAsync();

        // A reset would overtake the rows in some of the rounds only.
        for (int round = 0; round < 200; round++)
        {
            using HttpResponseMessage response = await GetAsync(host, accept, HttpVersion.Version11);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(accept, response.Content.Headers.ContentType!.MediaType);
            (string body, HttpRequestError? error) = await ReadAsync(response);
            Assert.Equal((rows, HttpRequestError.ResponseEnded), (body, error));
        }

        await host.QuietAsync();
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Get_OverHttp2_GivesTheRowsBefore_AndResetsTheStreamAlone(string accept, string rows)
    {
        // The rows are read before the failure: a client drops what it has not read once its stream is reset.
        TaskCompletionSource hasRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => Broken(hasRead.Task), protocols: HttpProtocols.Http2);
        using HttpResponseMessage response = await GetAsync(host, accept, HttpVersion.Version20);
        await using Stream body = await response.Content.ReadAsStreamAsync();
        var begun = new byte[rows.Length];
        await body.ReadExactlyAsync(begun);
        using HttpResponseMessage other = await GetAsync(host, accept, HttpVersion.Version20);
        hasRead.SetResult();

        Assert.Equal(rows, Encoding.UTF8.GetString(begun));
        HttpProtocolException reset = await Assert.ThrowsAsync<HttpProtocolException>(() => FailureOfAsync(body));
        Assert.Equal(2, reset.ErrorCode);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        await host.QuietAsync();
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Get_OverHttp10_EndsWithAReset(string accept, string rows)
    {
        await using GatewayHost host = await StartAsync();
        using Socket socket = await host.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /rows/q HTTP/1.0\r\nHost: x\r\nAccept: {accept}\r\n\r\n"));
        var received = new StringBuilder();
        SocketException reset = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            var buffer = new byte[4096];
            for (int count = await socket.ReceiveAsync(buffer); count > 0; count = await socket.ReceiveAsync(buffer))
            {
                received.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        });
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        Assert.DoesNotContain(rows + "]", received.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_OfABrokenResult_HasALimitToEnd()
    {
        var time = new ManualTimeProvider();
        await using GatewayHost host = await HttpRowsTests.StartAsync(() => Broken(Task.CompletedTask), new StreamGatewayOptions { TimeProvider = time });
        using Socket socket = await host.ConnectAsync();
        await socket.SendAsync("GET /rows/q HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        Assert.NotEqual(0, await socket.ReceiveAsync(new byte[1]));
        await host.QuietAsync();
        Assert.Equal(1, host.Gateway.Wheel.Count);
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return host.Gateway.Wheel.Count == 0;
            },
            TestRun.Patience,
            "the limit has come");
    }

    [Theory]
    [InlineData("application/x-ndjson", "")]
    [InlineData("application/json", "")]
    [InlineData("text/event-stream", "")]
    [InlineData("application/x-ndjson", "?control=lines")]
    public async Task Failure_IsLoggedOnce(string accept, string query)
    {
        using var log = new FailureLog();
        await using GatewayHost host = await GatewayHost.StartAsync(
            app => app.MapRows("q", (_, _) => GatewayHost.Stream(Broken(Task.CompletedTask))), configure: builder => builder.Logging.AddProvider(log));
        using HttpResponseMessage response = await GetAsync(host, accept, HttpVersion.Version11, query);
        await ReadAsync(response);
        await host.QuietAsync();

        // The server logs after we are done.
        await Wait.UntilAsync(() => log.Failures.Count > 0, TestRun.Patience, "the failure is logged");
        await host.Application.StopAsync();
        Assert.Equal("57P01", Assert.IsType<ServerFailure>(Assert.Single(log.Failures).GetBaseException()).SqlState);
    }

    private static Task<GatewayHost> StartAsync() => HttpRowsTests.StartAsync(() => Broken(Task.CompletedTask));

    private static ScriptedRowSource Broken(Task first)
    {
        ScriptedRowSource source = new ScriptedRowSource().Delivers("1", "2");
        if (!first.IsCompleted)
        {
            source = source.Blocks();
            _ = first.ContinueWith(_ => source.Release(), TaskScheduler.Default);
        }

        return source.Fails(new ServerFailure("57P01", "gone"));
    }

    private static Task<HttpResponseMessage> GetAsync(GatewayHost host, string accept, Version version, string query = "")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/rows/q" + query) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<(string Body, HttpRequestError? Error)> ReadAsync(HttpResponseMessage response)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync();
        using var body = new MemoryStream();
        try
        {
            await stream.CopyToAsync(body);
            return (Encoding.UTF8.GetString(body.ToArray()), null);
        }
        catch (HttpIOException failure)
        {
            return (Encoding.UTF8.GetString(body.ToArray()), failure.HttpRequestError);
        }
    }

    private static async Task FailureOfAsync(Stream body)
    {
        try
        {
            await body.CopyToAsync(Stream.Null);
        }
        catch (IOException failure) when (failure is not HttpProtocolException && failure.InnerException is HttpProtocolException inner)
        {
            throw inner;
        }
    }
}
