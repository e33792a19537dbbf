using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.Streams;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary><c>streamrt serve</c> as its users meet it.</summary>
public sealed class ServeTests
{
    [Theory]
    [InlineData("application/x-ndjson", RowFormat.Ndjson)]
    [InlineData("application/json", RowFormat.JsonArray)]
    public async Task Curl_GetsTheRows(string accept, RowFormat format)
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=5000");

        byte[] output = await CommandLine.RunAsync("curl", ["-sSf", "-H", $"Accept: {accept}", new Uri(served.Address, "rows/rows").AbsoluteUri]);

        Assert.Equal(await Samples.BytesAsync(5000, format), output);
    }

    [Fact]
    public async Task Curl_GetsEvents_ThatEndWithComplete()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=50");

        string output = Encoding.UTF8.GetString(
            await CommandLine.RunAsync("curl", ["-sSfN", "-H", "Accept: text/event-stream", new Uri(served.Address, "rows/rows").AbsoluteUri]));

        Assert.Equal(51, output.Split("data: ").Length - 1);
        Assert.Contains("event: complete", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_IsServedUnderTheNameGiven()
    {
        string path = Path.Combine(TestFolder.Create("serve"), "rows.ndjson");
        await File.WriteAllTextAsync(path, "{\"a\":1}\n{\"a\":2}\n");
        await using ServedProgram served = await ServedProgram.StartAsync("--source", $"file:{path}", "--endpoint", "lines");

        Assert.Equal("{\"a\":1}\n{\"a\":2}\n", await served.Http.GetStringAsync(new Uri("rows/lines", UriKind.Relative)));
    }

    [Theory]
    [InlineData(UnixSignal.Terminate, 0)]
    [InlineData(UnixSignal.Interrupt, 130)]
    public async Task Signal_EndsIt(UnixSignal signal, int code)
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=10");

        Assert.Equal(code, await served.StopAsync(signal));
    }

    [Fact]
    public async Task Terminate_DuringAnEndlessResult_NeverLooksComplete()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=1000000000", "--drain-time", "100ms", "--shutdown-timeout", "10s");
        using HttpResponseMessage response = await served.Http.GetAsync(new Uri("rows/rows", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await response.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1000]);

        served.Signal(UnixSignal.Terminate);

        await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(Stream.Null));
        Assert.Equal(0, await served.WaitForExitAsync());
    }

    [Fact]
    public async Task Terminate_WithoutADrainTime_WaitsForNoResult()
    {
        await using ServedProgram served = await ServedProgram.StartAsync("--source", "sample:rows=1000000000", "--drain-time", "0");
        using var socket = new RowsSocket(served.Address, "rows/rows");
        await socket.ConnectAsync();
        Task reading = socket.ReadToEndAsync();
        await socket.FirstRow.Task;

        served.Signal(UnixSignal.Terminate);

        // Waited for are answers to close frames, and nothing that could take the seconds which are the default.
        await reading.WaitAsync(Streamrt.Limit);
        Assert.Equal(1001, socket.CloseCode);
        Assert.Equal(0, await served.WaitForExitAsync());
    }

    [Fact]
    public async Task AddressInUse_ExitsWith1()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        (int code, _, string errors) = await Streamrt.RunAsync("serve", "--source", "sample", "--urls", $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

        Assert.Equal(1, code);
        Assert.Contains("--urls", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--source is needed", "serve")]
    [InlineData("can be read once", "serve", "--source", "-")]
    [InlineData("An endpoint is needed", "serve", "--source", "postgres://localhost/x")]
    [InlineData("takes NAME=SQL", "serve", "--source", "postgres://localhost/x", "--endpoint", "orders")]
    [InlineData("two endpoints called a", "serve", "--source", "sample", "--endpoint", "a", "--endpoint", "a")]
    [InlineData("never closed", "serve", "--source", "postgres://localhost/x", "--endpoint", "a=select 'x")]
    [InlineData("--trusted-proxy takes", "serve", "--source", "sample", "--trusted-proxy", "ten")]
    [InlineData("no file", "serve", "--source", "sample", "--config", "/nowhere.json")]
    [InlineData("SQL belongs to an endpoint", "serve", "--source", "sample", "select 1")]
    [InlineData("--ping-interval takes a time of more than zero", "serve", "--source", "sample", "--ping-interval", "0")]
    [InlineData("ShutdownTimeout must be at least DrainTime", "serve", "--source", "sample", "--shutdown-timeout", "0")]
    [InlineData("whole number from 1", "serve", "--source", "sample", "--max-streams", "0")]
    public async Task WrongUsage_ExitsWith2_AndSaysWhat(string message, params string[] arguments)
    {
        (int code, string output, string errors) = await Streamrt.RunAsync(arguments);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_IsReadFromAFile_AndTheCommandLineWins()
    {
        string path = Path.Combine(TestFolder.Create("serve"), "settings.json");
        await File.WriteAllTextAsync(path, """{"Serve": {"source": "sample:rows=7", "no-page": true, "endpoints": {"seven": null}}}""");
        await using ServedProgram fromFile = await ServedProgram.StartAsync("--config", path);
        await using ServedProgram overridden = await ServedProgram.StartAsync("--config", path, "--source", "sample:rows=3");

        Assert.Equal(7, (await fromFile.Http.GetStringAsync(new Uri("rows/seven", UriKind.Relative))).Count(c => c == '\n'));
        Assert.Equal(3, (await overridden.Http.GetStringAsync(new Uri("rows/seven", UriKind.Relative))).Count(c => c == '\n'));
        Assert.Equal(HttpStatusCode.NotFound, (await fromFile.Http.GetAsync(new Uri("/", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Configuration_WithASettingThatThereIsNot_IsRefused()
    {
        string path = Path.Combine(TestFolder.Create("serve"), "settings.json");
        await File.WriteAllTextAsync(path, """{"Serve": {"source": "sample", "max-stream": 5}}""");

        (int code, _, string errors) = await Streamrt.RunAsync("serve", "--config", path);

        Assert.Equal(2, code);
        Assert.Contains("Did you mean max-streams?", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_AreAskedFor()
    {
        string folder = TestFolder.Create("serve");
        await File.WriteAllTextAsync(Path.Combine(folder, "tokens"), "0123456789abcdef-client\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "admins"), "0123456789abcdef-admin\n");
        await using ServedProgram served = await ServedProgram.StartAsync(
            "--source", "sample:rows=1", "--token-file", Path.Combine(folder, "tokens"), "--admin-token-file", Path.Combine(folder, "admins"));

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("rows/rows", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("rows/rows", "0123456789abcdef-admin"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("rows/rows", "0123456789abcdef-client"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("sessions", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("sessions", "0123456789abcdef-client"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("sessions", "0123456789abcdef-admin"));

        async Task<HttpStatusCode> StatusAsync(string path, string? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = token is null ? null : new("Bearer", token);
            using HttpResponseMessage response = await served.Http.SendAsync(request);
            return response.StatusCode;
        }
    }
}
