namespace StreamRuntime.Sources.AdoNet;

/// <summary>What a row is when its result has one column. Values are never renumbered.</summary>
public enum SingleColumnForm : byte
{
    /// <summary>The value itself when the column holds JSON, by its type's name or by <see cref="DataReaderRowsOptions.JsonColumns"/>; else an object.</summary>
    Detect = 0,

    /// <summary>The value itself, whatever the provider calls its type: its text is taken for JSON.</summary>
    Json = 1,

    /// <summary>An object with one member, as for several columns.</summary>
    Wrapped = 2,
}
