namespace StreamRuntime.Postgres.Protocol;

/// <summary>Object ids of types that decide how a result is streamed (pg_type.dat).</summary>
internal static class TypeOids
{
    public const uint Json = 114;
    public const uint Jsonb = 3802;
}
