using Microsoft.Extensions.Logging;
using StreamRuntime.Cli.Arguments;

namespace StreamRuntime.Cli.Serving;

/// <summary>How and how much is logged.</summary>
internal readonly record struct LogSetting(bool IsJson, LogLevel Level)
{
    public static LogSetting Read(ServeSettings settings) => new(
        settings.Get("--log-format") switch
        {
            null or "text" => false,
            "json" => true,
            var other => throw new UsageException($"--log-format is text or json, not '{other}'."),
        },
        settings.Get("--log-level") switch
        {
            "debug" => LogLevel.Debug,
            null or "information" => LogLevel.Information,
            "warning" => LogLevel.Warning,
            "error" => LogLevel.Error,
            var other => throw new UsageException($"--log-level is debug, information, warning or error, not '{other}'."),
        });
}
