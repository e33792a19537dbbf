namespace StreamRuntime.Connections;

/// <summary>One attempt to connect.</summary>
/// <param name="Endpoint">The server.</param>
/// <param name="Attempt">Which attempt it is, from 1. An opener that knows several servers may go by it.</param>
/// <param name="MaxAttempts">How many attempts there may be.</param>
/// <typeparam name="TEndpoint">What names the server.</typeparam>
public readonly record struct LinkAttempt<TEndpoint>(TEndpoint Endpoint, int Attempt, int MaxAttempts)
    where TEndpoint : notnull;
