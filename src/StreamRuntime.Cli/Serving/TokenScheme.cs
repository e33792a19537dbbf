using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace StreamRuntime.Cli.Serving;

/// <summary>What <see cref="TokenScheme"/> lets in.</summary>
internal sealed class TokenSchemeOptions : AuthenticationSchemeOptions
{
    public TokenFile? Tokens { get; set; }
}

/// <summary>Administrators, by a bearer token from a file.</summary>
internal sealed class TokenScheme(IOptionsMonitor<TokenSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<TokenSchemeOptions>(options, logger, encoder)
{
    public const string Name = "Bearer";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!AuthenticationHeaderValue.TryParse(Request.Headers.Authorization, out AuthenticationHeaderValue? header)
            || !header.Scheme.Equals(Name, StringComparison.OrdinalIgnoreCase))
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        return Task.FromResult(Options.Tokens!.Holds(header.Parameter ?? "")
            ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(Name)), Name))
            : AuthenticateResult.Fail("The token is not an administrator's."));
    }
}
