namespace StreamRuntime.Postgres.Queries;

/// <summary>One parameter's value in PostgreSQL's text form, with the type it is sent as.</summary>
/// <param name="TypeOid">The type's object id; 0 lets the server infer it from the query.</param>
/// <param name="Text">The value's text form; null is an SQL NULL.</param>
/// <remarks>Immutable.</remarks>
public readonly record struct PostgresParameter(uint TypeOid, string? Text);
