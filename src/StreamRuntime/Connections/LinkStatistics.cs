namespace StreamRuntime.Connections;

/// <summary>What a link has been through.</summary>
/// <param name="Accepted">Actions that changed its state.</param>
/// <param name="Refused">Actions of callers that its state did not allow.</param>
/// <param name="Attempts">Attempts that were begun.</param>
/// <param name="LateResults">Connections and errors of attempts that had been given up; the connections were closed.</param>
public readonly record struct LinkStatistics(long Accepted, long Refused, long Attempts, long LateResults);
