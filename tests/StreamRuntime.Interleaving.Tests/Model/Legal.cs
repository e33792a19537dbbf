namespace StreamRuntime.Streams;

/// <summary>The transition table once more, from the specification instead of from the machine.</summary>
internal static class Legal
{
    public static bool CanMove(StreamState from, StreamState to) => (from, to) switch
    {
        (StreamState.Running, StreamState.Paused or StreamState.Complete or StreamState.Error) => true,
        (StreamState.Paused, StreamState.Running or StreamState.Complete or StreamState.Error) => true,
        _ => false,
    };
}
