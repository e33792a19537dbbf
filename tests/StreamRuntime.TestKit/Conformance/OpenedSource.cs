using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>One opened source under test, with what can be seen and done at its far side.</summary>
/// <param name="source">The source; the suite disposes it.</param>
public sealed class OpenedSource(IRowSource source)
{
    /// <summary>The source.</summary>
    public IRowSource Source { get; } = source;

    /// <summary>Lets a silent far side go on. To be set with <see cref="SourceAbilities.Silence"/>.</summary>
    public Action? GoOn { get; init; }

    /// <summary>Every receive from the far side. To be set with <see cref="SourceAbilities.SeesReceives"/>; <see cref="ObservedStream"/> keeps one.</summary>
    public ReceiveLog? Receives { get; init; }

    /// <summary>True once the far side knows that no more is wanted: it was told, or its connection is closed. To be set with <see cref="SourceAbilities.SeesLettingGo"/>.</summary>
    public Func<bool>? IsLetGo { get; init; }

    /// <summary>Takes the far side down after a rule; called once, after the source's disposal. Nothing by default.</summary>
    public Func<ValueTask> CloseAsync { get; init; } = static () => default;
}
