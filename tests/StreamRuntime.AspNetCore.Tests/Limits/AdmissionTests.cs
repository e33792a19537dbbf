using System.Net;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Limits;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.AspNetCore.Tests.Responses;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.AspNetCore.Tests.Limits;

public sealed class AdmissionTests
{
    [Theory]
    [InlineData(1, 10, 10, 503)]
    [InlineData(10, 1, 10, 429)]
    [InlineData(10, 10, 1, 503)]
    public async Task Get_OverALimit_IsRefusedWithRetryAfterBeforeOpening(int connections, int perAddress, int streams, int status)
    {
        int opened = 0;
        await using GatewayHost host = await HttpRowsTests.StartAsync(
            () =>
            {
                opened++;
                return new ScriptedRowSource().Delivers("1").Blocks();
            },
            new StreamGatewayOptions { MaxConnections = connections, MaxConnectionsPerAddress = perAddress, MaxRunningStreams = streams });
        using (HttpResponseMessage first = await host.Client.GetAsync("/rows/q", HttpCompletionOption.ResponseHeadersRead))
        {
            using HttpResponseMessage second = await host.Client.GetAsync("/rows/q");
            Assert.Equal(status, (int)second.StatusCode);
            Assert.Equal("5", second.Headers.RetryAfter!.ToString());
            using RawWebSocket socket = await RawWebSocket.ConnectAsync(host);
            Assert.Equal(status, socket.Status);
            Assert.Contains("Retry-After: 5\r\n", socket.Response, StringComparison.Ordinal);
            Assert.Equal(1, opened);
        }

        await host.QuietAsync();
        using HttpResponseMessage again = await host.Client.GetAsync("/rows/q", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Pause_BeyondThePausedLimit_IsRefused_AndAResumeNeedsARunningPlace()
    {
        await using GatewayHost host = await HttpRowsTests.StartAsync(
            () => new ScriptedRowSource().Blocks(), new StreamGatewayOptions { MaxRunningStreams = 1, MaxPausedStreams = 1 });
        using RawWebSocket first = await RawWebSocket.ConnectAsync(host);
        await first.ReadMessageAsync();
        await first.SendTextAsync("""{"type":"pause"}""");
        Assert.Equal("paused", (await first.ReadMessageAsync()).GetProperty("type").GetString());
        using RawWebSocket second = await RawWebSocket.ConnectAsync(host);
        await second.ReadMessageAsync();
        await second.SendTextAsync("""{"type":"pause"}""");
        Assert.Equal("TooManyStreams", (await second.ReadMessageAsync()).GetProperty("error").GetString());
        await first.SendTextAsync("""{"type":"resume"}""");
        Assert.Equal("TooManyStreams", (await first.ReadMessageAsync()).GetProperty("error").GetString());
        second.Dispose();
        await StreamRuntime.TestKit.Wait.UntilAsync(() => host.Gateway.Streams.Running == 0, TestRun.Patience, "the place is free");
        await first.SendTextAsync("""{"type":"resume"}""");
        Assert.Equal("resumed", (await first.ReadMessageAsync()).GetProperty("type").GetString());
        first.Dispose();
        await host.QuietAsync();
    }

    [Theory]
    [InlineData("10.0.0.1", null, "10.0.0.1")]
    [InlineData("10.0.0.1", "192.0.2.7", "192.0.2.7")]
    [InlineData("10.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7")]
    [InlineData("10.0.0.1", "6.6.6.6, 192.0.2.7, 10.0.0.2", "192.0.2.7")]
    [InlineData("10.0.0.1", "192.0.2.7:1234", "192.0.2.7")]
    [InlineData("10.0.0.1", "[2001:db8::1]:1234", "2001:db8::1")]
    [InlineData("10.0.0.1", "unknown", "10.0.0.1")]
    [InlineData("10.0.0.1", "192.0.2.7, nonsense, 10.0.0.2", "10.0.0.2")]
    [InlineData("203.0.113.5", "192.0.2.7", "203.0.113.5")]
    public void Behind_Proxies_IsTheRightmostThatIsNotTrusted(string peer, string? forwarded, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), ClientAddress.Behind(IPAddress.Parse(peer), forwarded, [IPNetwork.Parse("10.0.0.0/8")]));

    [Fact]
    public void Admission_OfOneIPv6Network_CountsOneClient()
    {
        var admission = new Admission(10, 1);
        Assert.Equal(Refusal.None, admission.TryEnter(IPAddress.Parse("2001:db8::1")));
        Assert.Equal(Refusal.TooManyFromAddress, admission.TryEnter(IPAddress.Parse("2001:db8::ffff")));
        Assert.Equal(Refusal.None, admission.TryEnter(IPAddress.Parse("2001:db8:0:1::1")));
        admission.Leave(IPAddress.Parse("2001:db8::1"));
        admission.Leave(IPAddress.Parse("2001:db8:0:1::1"));
        Assert.Equal((0, 0), (admission.Count, admission.Addresses));
    }

    [Fact]
    public void StreamSlots_UnderManyThreads_NeverExceedTheirLimitsAndReturnToZero()
    {
        var slots = new StreamSlots(3, 2);
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                if (!slots.TryStart())
                {
                    continue;
                }

                bool paused = slots.TryPause();
                Assert.InRange(slots.Paused, 0, 2);
                Assert.InRange(slots.Running, 0, 3);
                paused = paused && !slots.TryResume();
                slots.End(paused);
            }
        });
        Assert.Equal((0, 0), (slots.Running, slots.Paused));
    }
}
