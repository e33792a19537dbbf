using Microsoft.Extensions.Logging;

namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>What bridge sessions say; never a byte of what they carry.</summary>
/// <remarks>Defined by hand: what the compiler's generator makes of several such classes comes in an order of chance, and no two builds of the library would be alike.</remarks>
internal static class BridgeLog
{
    private static readonly Action<ILogger, long, string, string, Exception?> s_active =
        LoggerMessage.Define<long, string, string>(LogLevel.Debug, new EventId(120, nameof(Active)), "Session {Session} of {Endpoint} by {Backend} is active");

    private static readonly Action<ILogger, long, string, string, BridgeEnd, long, long, Exception?> s_ended =
        LoggerMessage.Define<long, string, string, BridgeEnd, long, long>(LogLevel.Information, new EventId(121, nameof(Ended)), "Session {Session} of {Endpoint} by {Backend} ended: {End}, {BytesToClient} bytes to the client, {BytesToBackend} to the backend");

    private static readonly Action<ILogger, long, string, BridgeEnd, Exception?> s_failed =
        LoggerMessage.Define<long, string, BridgeEnd>(LogLevel.Warning, new EventId(122, nameof(Failed)), "Session {Session} of {Endpoint}: {End}");

    private static readonly Action<ILogger, int, Exception?> s_closingAll =
        LoggerMessage.Define<int>(LogLevel.Information, new EventId(124, nameof(ClosingAll)), "All {Sessions} bridge sessions are being closed");

    private static readonly Action<ILogger, string, Exception?> s_backendNotMade =
        LoggerMessage.Define<string>(LogLevel.Warning, new EventId(125, nameof(BackendNotMade)), "{Endpoint}: the backend could not be made");

    private static readonly Action<ILogger, long, Exception?> s_paused =
        LoggerMessage.Define<long>(LogLevel.Debug, new EventId(126, nameof(Paused)), "Session {Session} was paused");

    private static readonly Action<ILogger, long, Exception?> s_resumed =
        LoggerMessage.Define<long>(LogLevel.Debug, new EventId(127, nameof(Resumed)), "Session {Session} was resumed");

    private static readonly Action<ILogger, long, string, Exception?> s_clientLost =
        LoggerMessage.Define<long, string>(LogLevel.Debug, new EventId(128, nameof(ClientLost)), "Session {Session} of {Endpoint}: the client's connection broke");

    public static void Active(ILogger logger, long session, string endpoint, string backend) =>
        s_active(logger, session, endpoint, backend, null);

    public static void Ended(ILogger logger, long session, string endpoint, string backend, BridgeEnd end, long bytesToClient, long bytesToBackend) =>
        s_ended(logger, session, endpoint, backend, end, bytesToClient, bytesToBackend, null);

    public static void Failed(ILogger logger, long session, string endpoint, BridgeEnd end, Exception failure) =>
        s_failed(logger, session, endpoint, end, failure);

    public static void ClosingAll(ILogger logger, int sessions) =>
        s_closingAll(logger, sessions, null);

    public static void BackendNotMade(ILogger logger, string endpoint, Exception failure) =>
        s_backendNotMade(logger, endpoint, failure);

    public static void Paused(ILogger logger, long session) =>
        s_paused(logger, session, null);

    public static void Resumed(ILogger logger, long session) =>
        s_resumed(logger, session, null);

    public static void ClientLost(ILogger logger, long session, string endpoint, Exception failure) =>
        s_clientLost(logger, session, endpoint, failure);
}
