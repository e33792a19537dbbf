namespace StreamRuntime.Connections;

/// <summary>Why a connection is to be closed. Values are never renumbered.</summary>
public enum EvictionReason : byte
{
    /// <summary>It failed.</summary>
    Failure = 0,

    /// <summary>Nobody used it for as long as the idle timeout.</summary>
    IdleTimeout = 1,
}
