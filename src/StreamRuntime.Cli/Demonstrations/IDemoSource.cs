using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Demonstrations;

/// <summary>Rows with ids from 0 up, as often as wanted, and a look at their sender's side of a pause.</summary>
internal interface IDemoSource : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Starts the rows from the first again.</summary>
    ValueTask<JsonRowStream> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Looks at the sender once, in the middle of a pause.</summary>
    ValueTask LookAsync(CancellationToken cancellationToken);

    /// <summary>What the looks have shown, and whether that is what a pause promises.</summary>
    (bool Holds, string Text) Report();
}
