using System.Data.Common;
using System.Text.Json.Serialization;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>How the rows of a <see cref="DbDataReader"/> are read, and what is closed behind them. Immutable and safe to share.</summary>
public sealed record DataReaderRowsOptions
{
    /// <summary>The options used where none are given.</summary>
    public static DataReaderRowsOptions Default { get; } = new();

    /// <summary>
    /// What a row of one column is. By default the value itself when its type is called <c>json</c> or <c>jsonb</c>, and an object otherwise. For a provider
    /// that keeps JSON in text columns choose <see cref="SingleColumnForm.Json"/>.
    /// </summary>
    public SingleColumnForm SingleColumn { get; init; } = SingleColumnForm.Detect;

    /// <summary>
    /// Names of columns whose text is JSON although their type does not say so, compared exactly; none by default. In an object such a value is checked, as
    /// it could break the row; a row that is nothing but the value is passed through as it is.
    /// </summary>
    public IReadOnlyCollection<string> JsonColumns { get; init; } = [];

    /// <summary>
    /// True when values are to be taken as they arrive (<see cref="System.Data.CommandBehavior.SequentialAccess"/>), so that the provider never holds a whole
    /// row: for documents of megabytes, of which <c>MaxRowBytes</c> then refuses one before it is received. False, the default, has the provider
    /// receive each row before it is looked at, which costs less for rows of ordinary size and allocates nothing for numbers and dates. For a reader of
    /// your own say here how it was opened.
    /// </summary>
    public bool SequentialAccess { get; init; }

    /// <summary>True when a reader that was handed over stays open at the end, behind the last row of its first result. False by default. A command's own reader is always closed.</summary>
    public bool LeavesReaderOpen { get; init; }

    /// <summary>True when the command is disposed with the stream. False by default: it stays its owner's.</summary>
    public bool OwnsCommand { get; init; }

    /// <summary>True when the command's connection is disposed with the stream, after the command. False by default: it stays its owner's, open and free for the next command.</summary>
    public bool OwnsConnection { get; init; }

    /// <summary>
    /// The source-generated context of the types that a provider maps its composites and enums to. Null by default: a value of a type that is not built in becomes
    /// a string.
    /// </summary>
    public JsonSerializerContext? ValueTypes { get; init; }

    /// <summary>How long cancelling and closing may take before the stream gives up waiting for the provider. More than zero, or infinite; 30 s by default.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        if (!Enum.IsDefined(SingleColumn))
        {
            throw new ArgumentOutOfRangeException(nameof(SingleColumn), SingleColumn, "SingleColumn must be one of the values there are.");
        }

        ArgumentNullException.ThrowIfNull(JsonColumns);
        Streams.JsonRowStreamOptions.CheckTimeout(CloseTimeout);
    }
}
