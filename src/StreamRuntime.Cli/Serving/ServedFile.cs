using StreamRuntime.AspNetCore.Queries;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Sources;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Serving;

/// <summary>The lines of a file, opened anew for every request.</summary>
internal sealed class ServedFile : IServedSource
{
    public ServedFile(ServeOptions options)
    {
        string path = options.Source.Text;
        if (!File.Exists(path))
        {
            throw new UsageException($"--source file:{path}: there is no such file.");
        }

        Endpoints = [.. options.Endpoints.Select(e => new RowsEndpoint(e.Name, (request, _) => new ValueTask<JsonRowStream>(Open(path, request.ToStreamOptions(options.Stream))), e.Parameters))];
    }

    public IReadOnlyList<RowsEndpoint> Endpoints { get; }

    public ValueTask DisposeAsync() => default;

    private static JsonRowStream Open(string path, JsonRowStreamOptions options)
    {
        NdjsonRowSource? source = null;
        try
        {
            source = NdjsonRowSource.FromFile(path, options.MaxBufferedBytes);
            return JsonRowStream.Create(source, options);
        }
        catch (StreamRuntimeException refused) when (refused.Kind is ErrorKind.ResumeRefused or ErrorKind.ResumeExpired)
        {
            // Closing a file waits for nothing. Where the file is, is nothing to its clients.
            source!.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw new StreamRuntimeException(refused.Kind, refused.Message.Replace(Path.GetFullPath(path), Path.GetFileName(path), StringComparison.Ordinal), refused);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StreamRuntimeException(ErrorKind.Source, $"The file '{path}' can't be read: {failure.Message}", failure);
        }
    }
}
