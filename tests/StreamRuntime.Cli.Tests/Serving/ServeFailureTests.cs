using System.Diagnostics;
using System.Text;
using StreamRuntime.Cli.Tests.Processes;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Cli.Tests.Serving;

/// <summary>Queries that fail after many rows, as <c>curl</c> sees it: never a whole result, and never fewer rows than were sent.</summary>
public sealed class ServeFailureTests : IAsyncLifetime
{
    // What curl ends with when a body is not whole.
    private const int PartialFile = 18, StreamError = 92;

    private PostgresCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await PostgresCluster.StartAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Theory]
    [InlineData("application/x-ndjson", "--http1.1", PartialFile)]
    [InlineData("application/json", "--http1.1", PartialFile)]
    [InlineData("application/x-ndjson", "--http2-prior-knowledge", StreamError)]
    [InlineData("application/json", "--http2-prior-knowledge", StreamError)]
    [InlineData("text/event-stream", "--http1.1", 0)]
    [InlineData("text/event-stream", "--http2-prior-knowledge", 0)]
    public async Task Query_ThatFailsLate_IsNoWholeResult(string accept, string protocol, int code)
    {
        (string, string)[] environment = protocol == "--http1.1" ? [] : [("Kestrel__EndpointDefaults__Protocols", "Http2")];
        await using ServedProgram served = await ServedProgram.StartAsync(
            environment,
            "--source", _cluster.Uri, "--log-level", "error", "--endpoint", "late=select json_build_object('id', id, 'quotient', 1 / (20000 - id)) from (select generate_series(1, 30000) as id) as ids");
        (int exitCode, string output) = await CurlAsync(protocol, accept, new Uri(served.Address, "rows/late"));

        Assert.Equal(code, exitCode);
        Assert.StartsWith("HTTP/", output, StringComparison.Ordinal);
        Assert.Contains("200", output.Split('\r')[0], StringComparison.Ordinal);
        Assert.InRange(output.Split("\"id\"").Length - 1, 1, 19_999);
        Assert.DoesNotContain("]\n", output, StringComparison.Ordinal);
        if (accept == "text/event-stream")
        {
            Assert.Contains("event: error\ndata: {\"error\":", output, StringComparison.Ordinal);
            Assert.Contains("\"rows\":19999}", output, StringComparison.Ordinal);
            Assert.DoesNotContain("event: complete", output, StringComparison.Ordinal);
        }
    }

    private static async Task<(int ExitCode, string Output)> CurlAsync(string protocol, string accept, Uri rows)
    {
        var start = new ProcessStartInfo("curl", ["-sSNi", protocol, "-H", $"Accept: {accept}", rows.AbsoluteUri]) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 };
        using Process curl = Process.Start(start)!;
        string output = await curl.StandardOutput.ReadToEndAsync().WaitAsync(Streamrt.Limit);
        await curl.WaitForExitAsync().WaitAsync(Streamrt.Limit);
        return (curl.ExitCode, output);
    }
}
