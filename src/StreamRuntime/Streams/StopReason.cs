namespace StreamRuntime.Streams;

/// <summary>Why a stream was told to stop before its end. The first reason wins.</summary>
internal enum StopReason : byte
{
    None = 0,
    Caller = 1,
    Disposed = 2,
    ProgressTimeout = 3,
    TotalTimeout = 4,
}
