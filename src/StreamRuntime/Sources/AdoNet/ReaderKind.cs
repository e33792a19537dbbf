using System.Data.Common;

namespace StreamRuntime.Sources.AdoNet;

/// <summary>What is known of a provider beyond its interface.</summary>
internal enum ReaderKind : byte
{
    /// <summary>Nothing: the types it states are what its typed getters give.</summary>
    Typed = 0,

    /// <summary>A value may be of another type than its column, and typed getters would convert it without a word.</summary>
    Dynamic = 1,

    /// <summary>Npgsql: bytes of any column can be taken as they came, text is UTF-8, and dates have whole numbers behind them.</summary>
    Npgsql = 2,
}

/// <summary>Tells providers apart by the names of their readers, for the core references none.</summary>
internal static class ReaderKinds
{
    public static ReaderKind Of(DbDataReader reader)
    {
        string name = reader.GetType().FullName ?? "";
        return name == "Npgsql.NpgsqlDataReader" ? ReaderKind.Npgsql
            : name.Contains("SQLite", StringComparison.OrdinalIgnoreCase) ? ReaderKind.Dynamic
            : ReaderKind.Typed;
    }
}
