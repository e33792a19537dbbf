using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using StreamRuntime.AspNetCore;
using StreamRuntime.AspNetCore.Endpoints;
using StreamRuntime.AspNetCore.Queries;

namespace StreamRuntime.Cli.Serving;

/// <summary>The web application that <c>streamrt serve</c> runs.</summary>
internal static class ServeApplication
{
    public const string AdminPolicy = "admin";

    public static WebApplication Build(ServeOptions options, IServedSource source)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();

        // Only what was named counts: a file that happens to lie where we were started is read by ServeSettings, and nothing else is.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(options.Configuration);
        builder.WebHost.UseUrls(options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.WebHost.UseKestrelHttpsConfiguration();
        Log(builder.Logging, options.Log);

        builder.Services.AddStreamGateway(options.Gateway with { Authenticate = options.Tokens is { } tokens ? Authenticator(tokens) : null });
        if (options.Gateway.ResumeTokenLifetime is not null)
        {
            KeyRing.Add(builder.Services, options);
        }

        if (options.AdminTokens is { } admins)
        {
            builder.Services.AddAuthentication(TokenScheme.Name)
                .AddScheme<TokenSchemeOptions, TokenScheme>(TokenScheme.Name, scheme => scheme.Tokens = admins);
            builder.Services.AddAuthorizationBuilder().AddPolicy(AdminPolicy, policy => policy.RequireAuthenticatedUser());
        }

        WebApplication application = builder.Build();
        if (options.AdminTokens is not null)
        {
            application.UseAuthentication();
            application.UseAuthorization();
        }

        Map(application, options, source);
        return application;
    }

    private static void Map(WebApplication application, ServeOptions options, IServedSource source)
    {
        foreach (RowsEndpoint endpoint in source.Endpoints)
        {
            application.MapRows(endpoint);
        }

        application.MapStreamHealth();
        if (options.AdminTokens is not null)
        {
            application.MapStreamSessions(AdminPolicy);
        }

        if (options.HasPage)
        {
            BuiltInPage.Map(application, source.Endpoints);
        }
    }

    private static void Log(ILoggingBuilder logging, LogSetting log)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(log.Level);
        logging.AddFilter("Microsoft", log.Level > LogLevel.Warning ? log.Level : LogLevel.Warning);

        // Standard output is for data, of which a server has none.
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (log.IsJson)
        {
            logging.AddJsonConsole(json => Format(json));
        }
        else
        {
            logging.AddSimpleConsole(text =>
            {
                Format(text);
                text.SingleLine = true;
                text.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }
    }

    private static void Format(ConsoleFormatterOptions format)
    {
        format.UseUtcTimestamp = true;
        format.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        format.IncludeScopes = false;
    }

    private static TokenAuthenticator Authenticator(TokenFile tokens) => (_, token, _) => new ValueTask<ClaimsPrincipal?>(
        tokens.Holds(token) ? new ClaimsPrincipal(new ClaimsIdentity("token")) : null);
}
