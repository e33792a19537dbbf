namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>What was found in the received bytes.</summary>
internal enum FrameTokenKind : byte
{
    /// <summary>Everything was looked at; more has to come.</summary>
    NeedMore = 0,

    /// <summary>A part of a message, unmasked in place.</summary>
    Data = 1,

    /// <summary>A whole control frame; its payload is <see cref="FrameDecoder.ControlPayload"/>.</summary>
    Control = 2,

    /// <summary>The peer broke the protocol or a limit. From here on the decoder looks for a close frame only.</summary>
    Violation = 3,
}

/// <summary>One find of the decoder.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Consumed">How many of the given bytes are done with.</param>
/// <param name="Opcode">Which frame, or, for a part of a message, which kind of message.</param>
/// <param name="Offset">Where a part of a message lies in the given bytes.</param>
/// <param name="Length">Its length.</param>
/// <param name="IsEnd">True for the last part of its message.</param>
/// <param name="Code">For a violation, what to close by.</param>
/// <param name="Reason">For a violation, what to say.</param>
internal readonly record struct FrameToken(
    FrameTokenKind Kind, int Consumed, Opcode Opcode = default, int Offset = 0, int Length = 0, bool IsEnd = false, CloseCode Code = default, string Reason = "");
