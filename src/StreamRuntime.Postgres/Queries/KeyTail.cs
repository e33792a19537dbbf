namespace StreamRuntime.Postgres.Queries;

/// <summary>What each row of a statement that was made for a key ends with: the key's values and, where the statement begins at a place, whether the row is the one there.</summary>
/// <remarks>Immutable.</remarks>
/// <param name="Names">The key's columns.</param>
/// <param name="Types">Their types' object ids.</param>
/// <param name="NullQuestion">Asks whether a row has a null in its key, which a statement that begins at a place passes over; null where it does not begin at one.</param>
/// <param name="Asked">The query's own values, for that question.</param>
internal sealed record KeyTail(string[] Names, uint[] Types, string? NullQuestion, IReadOnlyList<PostgresParameter> Asked)
{
    public bool HasMark => NullQuestion is not null;

    public int Columns => Names.Length + (HasMark ? 1 : 0);
}
