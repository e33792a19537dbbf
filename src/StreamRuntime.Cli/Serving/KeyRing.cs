using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StreamRuntime.Cli.Serving;

/// <summary>The keys of resume tokens, shared by all nodes that are given the same place for them.</summary>
internal static class KeyRing
{
    public const string InPostgres = "postgres";

    // Keys are bound to an application's name, which must be the same on all nodes and in all releases.
    private const string ApplicationName = "streamrt";

    public static void Add(IServiceCollection services, ServeOptions options)
    {
        IDataProtectionBuilder protection = services.AddDataProtection().SetApplicationName(ApplicationName);
        switch (options.ResumeKeys)
        {
            case null:
                protection.UseEphemeralDataProtectionProvider();
                return;
            case InPostgres:
                services.AddSingleton<IKeyStore>(_ => new PostgresKeyStore(options.Source.Text));
                break;
            case var folder:
                services.AddSingleton<IKeyStore>(_ => new FolderKeyStore(folder));
                break;
        }

        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider =>
            new ConfigureOptions<KeyManagementOptions>(management => management.XmlRepository = provider.GetRequiredService<IKeyStore>()));
    }

    /// <summary>
    /// Makes the first key, if there is none yet. Nodes that start together would else make one each, and know of each other's only when they next look, which is a day later.
    /// </summary>
    public static async Task PrepareAsync(IServiceProvider services)
    {
        if (services.GetService<IKeyStore>() is not { } store)
        {
            return;
        }

        await using IAsyncDisposable alone = await store.EnterAloneAsync().ConfigureAwait(false);
        IKeyManager manager = services.GetRequiredService<IKeyManager>();
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (!manager.GetAllKeys().Any(k => !k.IsRevoked && k.ExpirationDate > now))
        {
            manager.CreateNewKey(now, now + services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.NewKeyLifetime);
        }
    }
}
