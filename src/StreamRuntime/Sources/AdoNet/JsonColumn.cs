using System.Data.Common;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>Turns the values of one column into JSON, in a way that was chosen once for the result.</summary>
/// <remarks>
/// A value is begun once for each row that has one. Where the provider has to be waited for, nothing else happens until <see cref="WaitAsync"/> has
/// completed, and then the value is continued; so a receive that was begun is all that goes on while a stream is paused.
/// </remarks>
internal abstract class JsonColumn(int ordinal, string name)
{
    /// <summary>Its place in the result.</summary>
    public int Ordinal { get; } = ordinal;

    /// <summary>What stands before its value in an object: the brace or comma, the name as a JSON string, and the colon. Empty when the value is the row.</summary>
    public byte[] Key { get; set; } = [];

    /// <summary>What messages call it.</summary>
    protected string Title => $"{Ordinal + 1} \"{name}\"";

    /// <summary>Begins the current row's value, which is not NULL.</summary>
    public abstract ColumnProgress Begin(DbDataReader reader, RowBuffer output);

    /// <summary>Goes on with a value that could not be finished.</summary>
    public virtual ColumnProgress Continue(DbDataReader reader, RowBuffer output) => ColumnProgress.Written;

    /// <summary>Waits for what the provider is doing.</summary>
    public virtual ValueTask WaitAsync() => default;

    /// <summary>Takes what was waited for to the row, before anything in the buffer moves.</summary>
    public virtual void TakeReceived(RowBuffer output)
    {
    }

    /// <summary>Gives memory back at the end of the stream.</summary>
    public virtual void Release()
    {
    }
}

/// <summary>How far a value has come.</summary>
internal enum ColumnProgress : byte
{
    /// <summary>It is all there.</summary>
    Written = 0,

    /// <summary>The provider is receiving it.</summary>
    Waits = 1,

    /// <summary>There is no room for it behind the rows of this receive.</summary>
    NeedsRoom = 2,
}
