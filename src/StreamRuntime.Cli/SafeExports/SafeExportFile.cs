using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.SafeExports;

/// <summary>The output of an export: written at its end only, by one process at a time.</summary>
/// <remarks>Used by one caller at a time, as every stream. A write that failed leaves what was there before it, and perhaps a part of itself behind that.</remarks>
internal sealed class SafeExportFile : Stream
{
    private const int TailBytes = 4096;

    private readonly SafeFileHandle _file;
    private long _length;

    private SafeExportFile(SafeFileHandle file)
    {
        _file = file;
        _length = RandomAccess.GetLength(file);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <summary>Opens the file, or makes it, and keeps other exports out of it.</summary>
    /// <exception cref="DestinationException">It can't be written, or another export writes it.</exception>
    public static SafeExportFile Open(string path)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var opened = new SafeExportFile(file);
            DurableFolder.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return opened;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            file?.Dispose();
            throw new DestinationException($"The output file '{path}' can't be written: {failure.Message}", cause: failure);
        }
    }

    /// <summary>Cuts off what is behind a length.</summary>
    /// <exception cref="DestinationException">It can't be.</exception>
    public void Truncate(long length)
    {
        try
        {
            RandomAccess.SetLength(_file, length);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }

        _length = length;
    }

    /// <summary>Returns when everything written is with the disk.</summary>
    /// <exception cref="DestinationException">The disk refused.</exception>
    public void FlushToDisk()
    {
        try
        {
            RandomAccess.FlushToDisk(_file);
        }
        catch (IOException failure)
        {
            throw Failed(failure);
        }
    }

    /// <summary>A hash of the last bytes before a length.</summary>
    /// <exception cref="DestinationException">They can't be read.</exception>
    public string HashTail(long length)
    {
        byte[] tail = new byte[Math.Min(TailBytes, length)];
        try
        {
            for (int read = 0; read < tail.Length;)
            {
                int more = RandomAccess.Read(_file, tail.AsSpan(read), length - tail.Length + read);
                read += more > 0 ? more : throw new EndOfStreamException("It became shorter.");
            }
        }
        catch (IOException failure)
        {
            throw Failed(failure);
        }

        return Convert.ToHexStringLower(SHA256.HashData(tail).AsSpan(0, 16));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            RandomAccess.Write(_file, buffer, _length);
        }
        catch (IOException failure)
        {
            throw Failed(failure);
        }

        _length += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private static DestinationException Failed(Exception failure) =>
        new($"Writing failed: {failure.Message}. What was saved before still counts; start again when that is put right.", cause: failure);
}
