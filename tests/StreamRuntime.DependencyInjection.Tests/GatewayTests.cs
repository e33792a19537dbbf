using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Health;
using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.Postgres.DataSources;

namespace StreamRuntime.DependencyInjection.Tests;

/// <summary>A web application as its author writes one: two databases, the gateway's routes, health.</summary>
public sealed class GatewayTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Application_WithAKeyedDataSource_ServesItsRowsAndItsHealth()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Configuration.AddInMemoryCollection([new("Reports:ConnectionString", server.Cluster.ConnectionString), new("Reports:Pool:MaxSize", "4")]);
        builder.Services.AddStreamGateway();
        builder.Services.AddPostgresRows(builder.Configuration.GetSection("Reports"), "reports");
        builder.Services.AddHealthChecks().AddStreamGateway("ready").AddPostgresRows("reports", tags: "ready");
        await using WebApplication app = builder.Build();
        var reports = app.Services.GetRequiredKeyedService<PostgresDataSource>("reports");
        app.MapRows(
            "numbers",
            (request, stop) => reports.StreamAsync($"select i from generate_series(1, {request.Get<int>("count")}) as i", cancellationToken: stop),
            RowsParameter.Required("count", RowsParameterType.WholeNumber));
        app.MapGet("/mine", ([FromKeyedServices("reports")] PostgresDataSource db) => new JsonRowsResult(stop => db.StreamAsync($"select {1} as one", cancellationToken: stop)));
        app.MapHealthChecks("/health");
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = PostgresServer.Patience };

        Assert.Equal("{\"i\":1}\n{\"i\":2}\n{\"i\":3}\n", await client.GetStringAsync(new Uri("/rows/numbers?count=3", UriKind.Relative)));
        Assert.Equal("{\"one\":1}\n", await client.GetStringAsync(new Uri("/mine", UriKind.Relative)));
        Assert.Equal("Healthy", await client.GetStringAsync(new Uri("/health", UriKind.Relative)));
        await app.StopAsync();
    }
}
