using System.Runtime.InteropServices;

namespace StreamRuntime.Cli.Terminals;

/// <summary>Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends the process at once.</summary>
/// <remarks>The handlers run on threads of their own, so they are heard while rows are blocked on their way out.</remarks>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    public CancellationToken Token => _source.Token;

    public bool IsRequested => _source.IsCancellationRequested;

    /// <summary>Asks for an orderly end, as Ctrl-C does.</summary>
    public void Request() => _source.Cancel();

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (IsRequested)
        {
            Environment.Exit(ExitCode.Interrupted);
        }

        Request();
    }
}
