using System.Net;
using System.Text.Json;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Tests.Hosting;
using StreamRuntime.TestKit.Streams;

namespace StreamRuntime.AspNetCore.Tests.Queries;

public sealed class ParameterTests
{
    [Theory]
    [InlineData(RowsParameterType.Text, "a b", typeof(string))]
    [InlineData(RowsParameterType.WholeNumber, "-2147483648", typeof(int))]
    [InlineData(RowsParameterType.LargeNumber, "9223372036854775807", typeof(long))]
    [InlineData(RowsParameterType.Numeric, "1234.5600", typeof(decimal))]
    [InlineData(RowsParameterType.FloatingPoint, "-1.5e300", typeof(double))]
    [InlineData(RowsParameterType.Boolean, "true", typeof(bool))]
    [InlineData(RowsParameterType.Date, "2024-02-29", typeof(DateOnly))]
    [InlineData(RowsParameterType.Timestamp, "2024-02-29T23:59:59.5+02:00", typeof(DateTimeOffset))]
    [InlineData(RowsParameterType.Uuid, "00000000-0000-0000-0000-00000000000a", typeof(Guid))]
    public void TryParse_GoodText_GivesTheType(RowsParameterType type, string text, Type expected)
    {
        Assert.True(ParameterText.TryParse(type, text, out object? value));
        Assert.IsType(expected, value);
    }

    [Theory]
    [InlineData(RowsParameterType.Text, "a\0")]
    [InlineData(RowsParameterType.WholeNumber, "2147483648")]
    [InlineData(RowsParameterType.WholeNumber, " 1")]
    [InlineData(RowsParameterType.WholeNumber, "")]
    [InlineData(RowsParameterType.LargeNumber, "1.0")]
    [InlineData(RowsParameterType.Numeric, "1,5")]
    [InlineData(RowsParameterType.FloatingPoint, "NaN")]
    [InlineData(RowsParameterType.FloatingPoint, "1e999")]
    [InlineData(RowsParameterType.Boolean, "yes")]
    [InlineData(RowsParameterType.Date, "2023-02-29")]
    [InlineData(RowsParameterType.Timestamp, "29.02.2024")]
    [InlineData(RowsParameterType.Uuid, "0000000000000000000000000000000a")]
    public void TryParse_BadText_IsRefused(RowsParameterType type, string text) => Assert.False(ParameterText.TryParse(type, text, out _));

    [Theory]
    [InlineData("", "id")]
    [InlineData("?id=x", "id")]
    [InlineData("?id=1&id=2", "id")]
    [InlineData("?id=1&limit=", "limit")]
    [InlineData("?id=1&other=2", "other")]
    [InlineData("?ID=1", "ID")]
    public async Task Get_ParametersThatDoNotFit_Is400NamingTheParameter(string query, string parameter)
    {
        await using GatewayHost host = await StartAsync([]);
        using HttpResponseMessage response = await host.Client.GetAsync("/rows/q" + query);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
        using JsonDocument problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(parameter, problem.RootElement.GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task Get_ParametersThatFit_ReachTheDelegate()
    {
        List<RowsRequest> requests = [];
        await using GatewayHost host = await StartAsync(requests);
        Assert.Equal("", await host.Client.GetStringAsync("/rows/q?id=42&access_token=unused"));
        RowsRequest request = Assert.Single(requests);
        Assert.Equal(42, request.Get<int>("id"));
        Assert.Equal(10L, request.Get<long>("limit"));
        Assert.Null(request.Get<string?>("name"));
        Assert.Throws<InvalidCastException>(() => request.Get<long>("id"));
        Assert.Throws<KeyNotFoundException>(() => request.Get<int>("other"));
    }

    [Fact]
    public void RowsEndpoint_ThatCannotWork_IsRefused()
    {
        AssertRefused("a/b");
        AssertRefused("q", RowsParameter.Optional("control"));
        AssertRefused("q", RowsParameter.Optional("a"), RowsParameter.Required("A"));
        AssertRefused("q", RowsParameter.Optional("n", RowsParameterType.WholeNumber, "ten"));

        static void AssertRefused(string name, params RowsParameter[] parameters) =>
            Assert.Equal(ErrorKind.Configuration, Assert.Throws<StreamRuntimeException>(() => new RowsEndpoint(name, (_, _) => default, parameters)).Kind);
    }

    private static Task<GatewayHost> StartAsync(List<RowsRequest> requests) => GatewayHost.StartAsync(app => app.MapRows(
        "q",
        (request, _) =>
        {
            requests.Add(request);
            return GatewayHost.Stream(new ScriptedRowSource());
        },
        RowsParameter.Required("id", RowsParameterType.WholeNumber),
        RowsParameter.Optional("limit", RowsParameterType.LargeNumber, "10"),
        RowsParameter.Optional("name")));
}
