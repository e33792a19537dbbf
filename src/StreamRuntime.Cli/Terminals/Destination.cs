using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StreamRuntime.Cli.Terminals;

/// <summary>Where rows go: standard output or a file, unbuffered. A write returns when all bytes are with the system.</summary>
/// <remarks>
/// Not <see cref="Console.OpenStandardOutput()"/>, which swallows a closed pipe, so that a query would run to its end for nobody; and not
/// <see cref="FileStream"/>, which writes at positions of its own, so that the next command of <c>{ a; b; } &gt; file</c> would overwrite our rows.
/// </remarks>
internal sealed class Destination : Stream
{
    private readonly SafeFileHandle? _handle;
    private readonly int _descriptor;
    private readonly Stream? _portable;
    private readonly string _name;

    private Destination(SafeFileHandle handle, string name)
    {
        _handle = handle;
        _descriptor = (int)handle.DangerousGetHandle();
        _name = name;
        MayBlock = !NativeCalls.IsSeekable(_descriptor);
    }

    private Destination(Stream portable, string name)
    {
        _portable = portable;
        _name = name;
        MayBlock = true;
    }

    /// <summary>False for a file or /dev/null: a write waits for no other process.</summary>
    public bool MayBlock { get; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static Destination StandardOutput() => OperatingSystem.IsWindows()
        ? new Destination(Console.OpenStandardOutput(), "standard output")
        : new Destination(new SafeFileHandle(1, ownsHandle: false), "standard output");

    /// <summary>Makes or empties a file.</summary>
    /// <exception cref="DestinationException">It can't be written.</exception>
    public static Destination ToFile(string path)
    {
        string name = $"'{path}'";
        try
        {
            return OperatingSystem.IsWindows()
                ? new Destination(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0), name)
                : new Destination(File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite), name);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new DestinationException($"The output file {name} can't be written: {failure.Message}", cause: failure);
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_portable is not null)
        {
            WritePortable(buffer);
            return;
        }

        while (buffer.Length > 0)
        {
            int written = NativeCalls.Write(_descriptor, buffer);
            buffer = written > 0 ? buffer[written..] : buffer;
            if (written < 0)
            {
                Recover(-written);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    // The bytes of one call are whole rows, so a write under way is finished whatever happens; only the next is refused.
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => _portable?.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _handle?.Dispose();
            _portable?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void WritePortable(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _portable!.Write(buffer);
        }
        catch (IOException failure)
        {
            throw new DestinationException($"Writing to {_name} failed: {failure.Message}", cause: failure);
        }
    }

    private void Recover(int error)
    {
        if (error == NativeCalls.WouldBlock)
        {
            // Whoever we share the pipe with made it non-blocking.
            NativeCalls.WaitUntilWritable(_descriptor);
        }
        else if (error != NativeCalls.Interrupted)
        {
            throw new DestinationException(
                $"Writing to {_name} failed: {Marshal.GetPInvokeErrorMessage(error)}", isClosed: error == NativeCalls.BrokenPipe);
        }
    }
}
