namespace StreamRuntime.Postgres.Protocol;

/// <summary>One column of a result, as RowDescription gives it.</summary>
/// <param name="Name">The column's name.</param>
/// <param name="TypeOid">The type's object id; of a domain, the id of its base type.</param>
/// <param name="TypeModifier">The type's modifier, −1 for none.</param>
/// <param name="FormatCode">0 for text, 1 for binary.</param>
/// <param name="TableOid">The object id of the table it is a plain column of; 0 for anything else.</param>
/// <param name="ColumnNumber">Its number in that table; 0 for anything else.</param>
internal readonly record struct ColumnDescription(
    string Name, uint TypeOid, int TypeModifier, short FormatCode, uint TableOid = 0, short ColumnNumber = 0);
