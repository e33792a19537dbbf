using Microsoft.AspNetCore.DataProtection.Repositories;

namespace StreamRuntime.Cli.Serving;

/// <summary>Where a key ring is kept, for several nodes.</summary>
internal interface IKeyStore : IXmlRepository
{
    /// <summary>Makes the place, if need be, and keeps other nodes from doing the same until it is disposed.</summary>
    /// <exception cref="StreamRuntimeException">It can't be reached, or others have it for too long.</exception>
    Task<IAsyncDisposable> EnterAloneAsync();
}
