namespace StreamRuntime.Cli.Sources;

/// <summary>What kind of source a <c>--source</c> value names.</summary>
internal enum SourceKind : byte
{
    Postgres = 0,
    File = 1,
    StandardInput = 2,
    Sample = 3,
}
