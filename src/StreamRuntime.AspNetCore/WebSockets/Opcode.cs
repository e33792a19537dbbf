namespace StreamRuntime.AspNetCore.WebSockets;

/// <summary>What a frame is, by RFC 6455, section 5.2. Those from 8 on are control frames.</summary>
internal enum Opcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}
