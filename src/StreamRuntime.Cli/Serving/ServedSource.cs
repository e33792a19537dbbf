using StreamRuntime.Cli.Sources;

namespace StreamRuntime.Cli.Serving;

internal static class ServedSource
{
    public static IServedSource Create(ServeOptions options) => options.Source.Kind switch
    {
        SourceKind.Postgres => new ServedPostgres(options),
        SourceKind.File => new ServedFile(options),
        _ => new ServedSample(options),
    };
}
