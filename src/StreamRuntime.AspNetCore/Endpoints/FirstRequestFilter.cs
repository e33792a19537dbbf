using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using StreamRuntime.AspNetCore.Limits;

namespace StreamRuntime.AspNetCore.Endpoints;

/// <summary>Tells a connection's guard of its first request, before anything else looks at it.</summary>
internal sealed class FirstRequestFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
    {
        application.Use(static following => context =>
        {
            context.Features.Get<HandshakeGuard>()?.RequestCame();
            return following(context);
        });
        next(application);
    };
}
