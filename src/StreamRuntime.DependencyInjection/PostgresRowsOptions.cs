using StreamRuntime.Connections;
using StreamRuntime.Postgres;

namespace StreamRuntime.DependencyInjection;

/// <summary>How one PostgreSQL data source of a host is made.</summary>
/// <remarks>Changed while the host is built, by one caller at a time; read after that.</remarks>
public sealed class PostgresRowsOptions
{
    /// <summary>
    /// The server, as <c>psql</c> would take it: a URI or a key=value string. Empty takes everything from the <c>PG*</c> variables and files; null, the default, is an error at
    /// the host's start.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// How connections are kept. A clock or a logger that is left at its default becomes the container's, and the name of a keyed data source its key.
    /// <see cref="ConnectionPoolOptions.Default"/> by default.
    /// </summary>
    public ConnectionPoolOptions Pool { get; set; } = ConnectionPoolOptions.Default;

    /// <summary>Changes everything else; called with what the connection string and <see cref="Pool"/> gave, may be called more than once. Changes nothing by default.</summary>
    public Func<PostgresOptions, PostgresOptions> Adjust { get; set; } = static options => options;

    /// <summary>What a configuration says that can't be used.</summary>
    internal List<string> Errors { get; } = [];
}
