using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;
using Microsoft.Diagnostics.Tracing.Parsers.Clr;
using StreamRuntime.Benchmarks.Clients;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>Listens to a running client: its own events, and the collections of its runtime.</summary>
internal static class ClientEventReader
{
    // Rare events need little room, and what the room takes counts as the client's memory.
    private const int BufferMb = 2;

    /// <summary>Begins to listen; the events are recorded from when this returns.</summary>
    public static EventPipeSession Listen(int processId) => new DiagnosticsClient(processId).StartEventPipeSession(
        [
            new EventPipeProvider(ClientEvents.ProviderName, EventLevel.Informational),
            new EventPipeProvider(ClrTraceEventParser.ProviderName, EventLevel.Informational, (long)ClrTraceEventParser.Keywords.GC),
        ],
        requestRundown: false,
        BufferMb);

    /// <summary>Reads to the session's end. Blocks.</summary>
    public static MeasuredPart Read(Stream events)
    {
        var part = new MeasuredPart();
        using var source = new EventPipeEventSource(events);
        source.Clr.GCStart += e => part.CollectionBegan();
        source.Clr.GCSuspendEEStart += e =>
        {
            // The runtime stops its threads for other reasons, too.
            if (e.Reason is GCSuspendEEReason.SuspendForGC or GCSuspendEEReason.SuspendForGCPrep)
            {
                part.Suspended(e.TimeStampRelativeMSec);
            }
        };
        source.Clr.GCRestartEEStop += e => part.Resumed(e.TimeStampRelativeMSec);
        source.Dynamic.All += e =>
        {
            if (e.ProviderName == ClientEvents.ProviderName)
            {
                Take(part, e);
            }
        };
        source.Process();
        return part;
    }

    private static void Take(MeasuredPart part, TraceEvent e)
    {
        switch ((int)e.ID)
        {
            case ClientEvents.BeginId:
                part.Begin(e.TimeStampRelativeMSec, (long)e.PayloadValue(0), (long)e.PayloadValue(1), (long)e.PayloadValue(2));
                break;
            case ClientEvents.EndId:
                part.End(e.TimeStampRelativeMSec, (long)e.PayloadValue(0), (long)e.PayloadValue(1));
                break;
            case ClientEvents.AllocatedId:
                part.EndAllocated((long)e.PayloadValue(0));
                break;
        }
    }
}
