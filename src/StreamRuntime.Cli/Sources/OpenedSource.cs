using StreamRuntime.Connections;
using StreamRuntime.Postgres.DataSources;
using StreamRuntime.Postgres.ParallelReads;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Sources;

/// <summary>A stream over what a <c>--source</c> value names, and how far along it is where that can be known.</summary>
internal sealed class OpenedSource : IAsyncDisposable
{
    private readonly Func<StreamStatistics, double>? _share;
    private readonly PostgresDataSource? _owner;
    private readonly ParallelRows? _parallel;

    private OpenedSource(JsonRowStream rows, Func<StreamStatistics, double>? share)
    {
        Rows = rows;
        _share = share;
    }

    private OpenedSource(JsonRowStream rows, ParallelRows? parallel, PostgresDataSource owner)
    {
        Rows = rows;
        _parallel = parallel;
        _owner = owner;
    }

    public JsonRowStream Rows { get; }

    public static ValueTask<OpenedSource> OpenAsync(SourceRequest request, CancellationToken cancellationToken) => request.Uri.Kind switch
    {
        SourceKind.Sample => new(OpenSample(request)),
        SourceKind.File => new(OpenFile(request)),
        SourceKind.StandardInput => new(new OpenedSource(
            JsonRowStream.Create(NdjsonRowSource.FromStream(StandardInput.Open(), request.Options.MaxBufferedBytes), request.Options), share: null)),
        _ => OpenPostgresAsync(request, cancellationToken),
    };

    /// <summary>The share of all rows that is done, from 0 to 1; null where the total is not known.</summary>
    public double? GetShare(StreamStatistics statistics) => _share is null ? GetPartitions()?.Share : Math.Clamp(_share(statistics), 0, 1);

    /// <summary>How far each partition is, where there are several.</summary>
    public ParallelProgress? GetPartitions() => _parallel is { Backends: > 1 } ? _parallel.GetProgress() : null;

    /// <summary>The connections' figures; null where there are none.</summary>
    public PoolStatistics? GetPoolStatistics() => _owner?.GetPoolStatistics();

    public async ValueTask DisposeAsync()
    {
        await Rows.DisposeAsync();
        if (_owner is not null)
        {
            await _owner.DisposeAsync();
        }
    }

    private static async ValueTask<OpenedSource> OpenPostgresAsync(SourceRequest request, CancellationToken cancellationToken)
    {
        if (request.Key is not null)
        {
            (JsonRowStream rows, PostgresDataSource keeper) = await PostgresRows.OpenKeyedAsync(request, cancellationToken);
            return new OpenedSource(rows, parallel: null, keeper);
        }

        (ParallelRows parallel, PostgresDataSource owner) = await PostgresRows.OpenAsync(request, cancellationToken);
        return new OpenedSource(parallel.Rows, parallel, owner);
    }

    private static OpenedSource OpenSample(SourceRequest request)
    {
        SourceUri uri = request.Uri;
        var source = new SampleRowSource(uri.SampleRows, uri.SampleRowBytes, uri.SampleSeed);
        return new OpenedSource(
            JsonRowStream.Create(source, request.Options),
            statistics => uri.SampleRows == 0 ? 1 : (double)(statistics.RowsDelivered + statistics.RowsFiltered) / uri.SampleRows);
    }

    private static OpenedSource OpenFile(SourceRequest request)
    {
        if (request.Options.ResumeTokens is not null)
        {
            return OpenContinuableFile(request);
        }

        FileStream file = OpenForReading(request.Uri.Text);
        var rows = JsonRowStream.Create(NdjsonRowSource.FromStream(file, request.Options.MaxBufferedBytes), request.Options with { Name = $"file:{request.Uri.Text}" });
        return new OpenedSource(rows, file.CanSeek && file.Length is > 0 and var length ? _ => file.CanSeek ? (double)file.Position / length : 1 : null);
    }

    private static OpenedSource OpenContinuableFile(SourceRequest request)
    {
        var source = NdjsonRowSource.FromFile(request.Uri.Text, request.Options.MaxBufferedBytes);
        try
        {
            return new OpenedSource(JsonRowStream.Create(source, request.Options), share: null);
        }
        catch
        {
            source.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    private static FileStream OpenForReading(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new StreamRuntimeException(ErrorKind.Source, $"The file '{path}' can't be read: {failure.Message}", failure);
        }
    }
}
