using System.Globalization;

namespace StreamRuntime.Benchmarks.Suites;

/// <summary>A server without TLS and passwords, in the words of each client.</summary>
/// <param name="Host">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="HasCatalogs">False for one that knows no other queries than its own, so that Npgsql must not look for types in it.</param>
internal sealed record ServerAddress(string Host, int Port, bool HasCatalogs)
{
    /// <summary>For the bare socket.</summary>
    public string Plain => string.Create(CultureInfo.InvariantCulture, $"host={Host} port={Port} user=postgres dbname=postgres");

    public string Library => $"{Plain} sslmode=disable";

    public string Libpq => $"{Library} gssencmode=disable";

    public string Npgsql => string.Create(
        CultureInfo.InvariantCulture,
        $"Host={Host};Port={Port};Username=postgres;Database=postgres;SSL Mode=Disable{(HasCatalogs ? "" : ";Server Compatibility Mode=NoTypeLoading")}");
}
