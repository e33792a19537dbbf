namespace StreamRuntime.Streams;

/// <summary>Decides from a row's raw UTF-8 whether it is delivered. Must be quick and must not keep the span.</summary>
/// <param name="row">The row's JSON, valid during the call only.</param>
/// <returns>True to deliver the row, false to drop and count it.</returns>
public delegate bool RowPredicate(ReadOnlySpan<byte> row);
