namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What one receive from a backend brought.</summary>
/// <param name="Bytes">How many bytes lie at the start of the buffer; 0 when the backend has ended, and nothing else is 0.</param>
/// <param name="EndsMessage">True when they end a message to the client; false when the message goes on with the next receive.</param>
public readonly record struct BridgeReceived(int Bytes, bool EndsMessage = true);
