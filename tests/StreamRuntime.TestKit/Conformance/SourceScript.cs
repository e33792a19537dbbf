using StreamRuntime.Streams;

namespace StreamRuntime.TestKit.Conformance;

/// <summary>What the far side is to do for one opened source.</summary>
/// <remarks>Immutable.</remarks>
public sealed record SourceScript
{
    /// <summary>The rows to send, in order, each a JSON text without line breaks; null is the driver's own null, and only asked for with <see cref="SourceAbilities.NullRows"/>.</summary>
    public required IReadOnlyList<string?> Rows { get; init; }

    /// <summary>What the far side fails with after the last row, in place of an end; null ends the result in order. Needs <see cref="SourceAbilities.Failures"/>.</summary>
    public string? Failure { get; init; }

    /// <summary>
    /// After how many rows the far side falls silent, ascending: it has sent them, and sends nothing more before <see cref="OpenedSource.GoOn"/>, once for each. Empty is never.
    /// What comes between two silences is to be sent in one piece. Needs <see cref="SourceAbilities.Silence"/>.
    /// </summary>
    public IReadOnlyList<int> SilentAfter { get; init; } = [];

    /// <summary>
    /// How the stream over the source behaves. The source is to keep to its <see cref="JsonRowStreamOptions.MaxBufferedBytes"/>, and to take its
    /// <see cref="JsonRowStreamOptions.TimeProvider"/> for deadlines of its own.
    /// </summary>
    public required JsonRowStreamOptions Options { get; init; }
}
