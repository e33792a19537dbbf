using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace StreamRuntime.AspNetCore.Bridging.Backends;

/// <summary>
/// A command or a shell on another host as a session's backend, through the system's OpenSSH client, which runs as a child process with pipes of its own. Host keys are always
/// checked, nobody is ever asked anything, and nothing that a client sends becomes part of a command line.
/// </summary>
/// <remarks>As <see cref="IBridgeBackend"/> says; not thread-safe beyond that.</remarks>
public sealed class SshBackend : IBridgeBackend
{
    // The program's own failures; a remote command that ends with it can't be told from them.
    private const int ProgramFailed = 255;

    // From here up an exit code may be a signal's.
    private const int Signalled = 128;

    // Said at an orderly end.
    private const string OrderlyEnd = "Transferred: sent";

    private const int MessageBytes = 1024;

    private readonly SshBackendOptions _options;
    private readonly SshMessages _messages = new();
    private readonly TaskCompletionSource _authenticated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;
    private Stream _input = Stream.Null;
    private Stream _output = Stream.Null;
    private Task _exited = Task.CompletedTask;
    private Task _listening = Task.CompletedTask;

    /// <summary>Makes a backend that is not connected yet.</summary>
    /// <param name="options">Where to, and what to run.</param>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: an option can't be used.</exception>
    public SshBackend(SshBackendOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public string Kind => "ssh";

    /// <summary>The child's process id, while there is one.</summary>
    internal int? ProcessId => _process?.Id;

    /// <inheritdoc/>
    public async ValueTask ConnectAsync(CancellationToken cancellationToken)
    {
        _process = Start();
        _input = _process.StandardInput.BaseStream;
        _output = _process.StandardOutput.BaseStream;
        _exited = _process.WaitForExitAsync(CancellationToken.None);
        _listening = ListenAsync(_process.StandardError.BaseStream);
        await Task.WhenAny(_authenticated.Task, _exited).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!_authenticated.Task.IsCompleted)
        {
            await HearTheRestAsync().ConfigureAwait(false);
            if (!_messages.SayAuthenticated)
            {
                throw SshFailure.BeforeLogin(_options, _messages.Text, _process.ExitCode);
            }
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<BridgeReceived> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        new(await _output.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async ValueTask<BridgeBackendEnd> GetEndAsync(CancellationToken cancellationToken)
    {
        await _exited.WaitAsync(cancellationToken).ConfigureAwait(false);
        await HearTheRestAsync().ConfigureAwait(false);
        int code = _process!.ExitCode;
        string said = _messages.Text;
        bool isFailure = code == ProgramFailed || (code > Signalled && !said.Contains(OrderlyEnd, StringComparison.Ordinal));
        return isFailure ? new BridgeBackendEnd(null, SshFailure.AfterLogin(_options, said, code)) : new BridgeBackendEnd(code);
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _input.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            throw new StreamRuntimeException(ErrorKind.ConnectionLost, $"What runs at {_options.Host}:{_options.Port} takes no input any more.", failure);
        }
    }

    /// <inheritdoc/>
    public ValueTask CompleteSendingAsync(CancellationToken cancellationToken) => _input.DisposeAsync();

    /// <summary>Closes the child's input, waits for its end, and kills it if it takes longer than <see cref="SshBackendOptions.GraceTime"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not { } process)
        {
            return;
        }

        await _input.DisposeAsync().ConfigureAwait(false);
        try
        {
            await _exited.WaitAsync(_options.GraceTime, _options.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            process.Kill();
            await _exited.ConfigureAwait(false);
        }

        await _output.DisposeAsync().ConfigureAwait(false);
        await HearTheRestAsync().ConfigureAwait(false);
        process.Dispose();
    }

    private Process Start()
    {
        try
        {
            return Process.Start(SshArguments.StartInfo(_options))!;
        }
        catch (Win32Exception failure)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, $"OpenSSH's client could not be started as '{_options.Program}' (Program): {failure.Message}", failure);
        }
    }

    /// <summary>Takes what the child says for as long as it lives, or it would stop at a full pipe.</summary>
    private async Task ListenAsync(Stream errors)
    {
        byte[] buffer = new byte[MessageBytes];
        try
        {
            await using (errors.ConfigureAwait(false))
            {
                int count;
                while ((count = await errors.ReadAsync(buffer).ConfigureAwait(false)) > 0)
                {
                    _messages.Add(buffer.AsSpan(0, count));
                    if (!_authenticated.Task.IsCompleted && _messages.SayAuthenticated)
                    {
                        _authenticated.TrySetResult();
                    }
                }
            }
        }
        catch (IOException)
        {
            // A pipe that breaks says no more than one that ends: how the child ended is in its exit code.
            return;
        }
    }

    // The child is gone, but a grandchild may hold the pipe open for longer than anybody wants to wait.
    private async Task HearTheRestAsync() => await Task.WhenAny(_listening, Task.Delay(_options.GraceTime, _options.TimeProvider)).ConfigureAwait(false);
}
