using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.Serving;

/// <summary><c>streamrt serve</c>: named queries over HTTP and WebSockets until somebody ends it.</summary>
internal static class ServeCommand
{
    public static async Task<int> RunAsync(ParsedArguments arguments)
    {
        ServeOptions options = ServeOptions.Read(arguments);
        bool interrupted = false;
        await using IServedSource source = ServedSource.Create(options);
        await using WebApplication application = ServeApplication.Build(options, source);

        // The host takes both signals for the same; the exit code tells them apart.
        using PosixSignalRegistration note = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Volatile.Write(ref interrupted, true));
        await KeyRing.PrepareAsync(application.Services).ConfigureAwait(false);
        try
        {
            await application.StartAsync().ConfigureAwait(false);
            StandardStreams.WriteErrorLine($"streamrt: serving {Names(source)} at {string.Join(", ", application.Urls)}");
            await application.WaitForShutdownAsync().ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            throw new StreamRuntimeException(ErrorKind.ConnectFailed, $"--urls {options.Urls}: {failure.GetBaseException().Message}", failure);
        }

        return Volatile.Read(ref interrupted) ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static string Names(IServedSource source) => string.Join(", ", source.Endpoints.Select(e => e.Name));
}
