namespace StreamRuntime.Postgres.Transport;

/// <summary>What is due of the answer to a <see cref="SessionReset"/>; nothing by default.</summary>
/// <param name="Commands">How many CommandComplete.</param>
/// <param name="KeepsStatements">Whether what the server has prepared was left out of it.</param>
/// <param name="HasSync">Whether ReadyForQuery comes behind them.</param>
internal readonly record struct PendingReset(int Commands, bool KeepsStatements, bool HasSync = false);
