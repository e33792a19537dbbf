using System.Diagnostics.Tracing;

namespace StreamRuntime.Benchmarks.Clients;

/// <summary>Where the measured part of a client begins and ends, among the runtime's own events, with what the process had used until then.</summary>
/// <remarks>Three numbers at most: more would be boxed, and show up as memory that the client allocates.</remarks>
[EventSource(Name = ProviderName)]
internal sealed class ClientEvents : EventSource
{
    public const string ProviderName = "StreamRuntime-Benchmarks-Client";
    public const int BeginId = 1;
    public const int EndId = 2;
    public const int AllocatedId = 3;

    private ClientEvents()
    {
    }

    public static ClientEvents Log { get; } = new();

    /// <summary>Reading begins.</summary>
    /// <param name="userNs">Processor time the process has spent outside of the kernel.</param>
    /// <param name="systemNs">Processor time it has spent in the kernel.</param>
    /// <param name="allocatedBytes">Managed memory it has allocated.</param>
    [Event(BeginId)]
    public void Begin(long userNs, long systemNs, long allocatedBytes) => WriteEvent(BeginId, userNs, systemNs, allocatedBytes);

    /// <summary>Reading has ended.</summary>
    [Event(EndId)]
    public void End(long userNs, long systemNs) => WriteEvent(EndId, userNs, systemNs);

    /// <summary>What had been allocated at the end. Apart from it, for counting to the byte stops every thread for a moment.</summary>
    [Event(AllocatedId)]
    public void Allocated(long allocatedBytes) => WriteEvent(AllocatedId, allocatedBytes);
}
