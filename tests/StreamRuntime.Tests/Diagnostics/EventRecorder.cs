using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using StreamRuntime.Diagnostics;

namespace StreamRuntime.Tests.Diagnostics;

/// <summary>Listens to the library's event source from within the process.</summary>
internal sealed class EventRecorder : EventListener
{
    private readonly ConcurrentQueue<EventWrittenEventArgs> _events = [];
    private readonly bool _isMade;

    /// <param name="keywords">Which events.</param>
    /// <param name="arguments">What is asked of snapshots.</param>
    public EventRecorder(long keywords, params (string Name, string Value)[] arguments)
    {
        _isMade = true;
        EnableEvents(RuntimeEventSource.Log, EventLevel.Informational, (EventKeywords)keywords, arguments.ToDictionary(a => a.Name, a => (string?)a.Value));
    }

    public int Count => _events.Count;

    /// <summary>Events of one name, as their values by name.</summary>
    public IReadOnlyList<Dictionary<string, object?>> Named(string name) =>
        [.. _events.Where(e => e.EventName == name).Select(e => e.PayloadNames!.Zip(e.Payload!).ToDictionary(p => p.First, p => p.Second))];

    /// <summary>The names of the events of one stream, in their order.</summary>
    public IEnumerable<string> Of(long stream) => _events.Where(e => e.PayloadNames!.Contains("stream") && e.Payload![e.PayloadNames.IndexOf("stream")] is long id && id == stream).Select(e => e.EventName!);

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (_isMade && eventData.EventSource.Name == RuntimeEvents.Name)
        {
            _events.Enqueue(eventData);
        }
    }
}
