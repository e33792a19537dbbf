namespace StreamRuntime.Connections;

/// <summary>What one connection has been through.</summary>
/// <param name="Accepted">Moves that were made, further activity of an active connection included.</param>
/// <param name="Refused">Moves that were asked for and not made.</param>
/// <param name="TimeActive">Time in <see cref="KeepAliveState.Active"/>, the current one included.</param>
/// <param name="TimeIdle">Time in <see cref="KeepAliveState.Idle"/>, the current one included.</param>
/// <param name="TimeError">Time in <see cref="KeepAliveState.Error"/>, the current one included.</param>
public readonly record struct KeepAliveStatistics(long Accepted, long Refused, TimeSpan TimeActive, TimeSpan TimeIdle, TimeSpan TimeError);
