namespace StreamRuntime.Cli.Queries;

/// <summary>When live progress is shown.</summary>
internal enum ProgressMode : byte
{
    /// <summary>On a terminal that the rows don't go to as well.</summary>
    Auto = 0,
    Always = 1,
    Never = 2,
}
