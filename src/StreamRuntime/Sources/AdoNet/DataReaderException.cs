using System.Data.Common;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>A provider's failure, with the fields that are common to all providers.</summary>
internal sealed class DataReaderException(ErrorKind kind, string message, DbException cause) : StreamRuntimeException(kind, message, cause, cause.IsTransient)
{
    public override string? SqlState { get; } = cause.SqlState;

    /// <summary>What a stream or its caller is told of a provider's failure.</summary>
    /// <param name="failure">What the provider threw.</param>
    /// <param name="what">What it was doing.</param>
    public static StreamRuntimeException From(Exception failure, string what) => failure switch
    {
        StreamRuntimeException own => own,
        DbException { SqlState.Length: > 0 } refusal => new DataReaderException(ErrorKind.Server, refusal.Message, refusal),
        DbException broken => new DataReaderException(ErrorKind.Source, $"{what} failed: {broken.Message}", broken),
        OperationCanceledException => new StreamRuntimeException(ErrorKind.Source, $"{what} was cancelled, and not by this stream.", failure),
        _ => new StreamRuntimeException(ErrorKind.Source, $"{what} failed: {failure.Message}", failure),
    };

    /// <summary>What it is told when the values of a column can't be read.</summary>
    public static StreamRuntimeException Unreadable(Exception failure, int ordinal, string name, string typeName) => new(
        ErrorKind.UnsupportedType,
        $"Column {ordinal + 1} \"{name}\" ({(typeName.Length > 0 ? typeName : "of an unnamed type")}) can't be read: {failure.Message} Convert it in the query, such as by a cast to text.",
        failure);
}
