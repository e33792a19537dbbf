namespace StreamRuntime.Postgres.Authentication;

/// <summary>How far a SCRAM exchange has come. Each step goes to the next, or to <see cref="Failed"/>; the last two are final.</summary>
internal enum ScramState : byte
{
    Created = 0,
    FirstMessageMade = 1,
    ProofMade = 2,
    Verified = 3,
    Failed = 4,
}
