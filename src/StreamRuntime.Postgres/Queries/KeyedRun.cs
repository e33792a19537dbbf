using StreamRuntime.Connections;

namespace StreamRuntime.Postgres.Queries;

/// <summary>One run of a query with a key: from where, and with whose place in the line for a connection.</summary>
/// <remarks>Immutable. Travels as a query's statement key, so that other queries pay nothing for it.</remarks>
internal sealed class KeyedRun(PostgresQuery query, ReadOnlyMemory<byte> place, PoolTicket? ticket) : StatementKey(query.Text, query.Parameters)
{
    /// <summary>What is run.</summary>
    public KeyedQuery Query { get; } = (KeyedQuery)query.Key;

    /// <summary>The key of the row before the first; empty for the beginning.</summary>
    public ReadOnlyMemory<byte> Place { get; } = place;

    public PoolTicket? Ticket { get; } = ticket;

    public static PostgresQuery Of(PostgresQuery query, ReadOnlyMemory<byte> place, PoolTicket? ticket) =>
        new(query.Parameters, new KeyedRun(query, place, ticket));
}
