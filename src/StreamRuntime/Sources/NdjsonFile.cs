using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using StreamRuntime.Buffers;
using StreamRuntime.Resuming;
using StreamRuntime.Streams;

namespace StreamRuntime.Sources;

/// <summary>A file of lines that can be closed and opened again at a place, and tells whether it is still the same.</summary>
/// <remarks>
/// A place is the offset behind a row, and a hash over two stretches: the beginning of the file, and what stands before the offset. A file that was replaced by another, or
/// cut off, or written over there, is refused; one that has grown is not.
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "The lines' reader closes the file.")]
internal sealed class NdjsonFile : IRowSource
{
    private const int StretchBytes = 4096;
    private const int HashBytes = 16;
    private const int PlaceBytes = sizeof(long) + HashBytes;

    private readonly string _path;
    private readonly int _maxBufferedBytes;
    private FileStream? _file;
    private byte[] _place = [];
    private NdjsonFromStream? _lines;

    public NdjsonFile(string path, int maxBufferedBytes)
    {
        // Where we look for it again must not depend on what the current folder is by then.
        _path = Path.GetFullPath(path);
        _maxBufferedBytes = maxBufferedBytes;
    }

    public static ResumeFingerprint Fingerprint { get; } = ResumeFingerprint.Create(["ndjson file"], []);

    public bool CanSeek { get; private set; }

    /// <summary>Opens the file, at its place if it has one.</summary>
    /// <exception cref="StreamRuntimeException">
    /// Kind <see cref="ErrorKind.Source"/>: it can't be opened; kind <see cref="ErrorKind.ResumeRefused"/>: it is not the file that it was.
    /// </exception>
    public void Open()
    {
        try
        {
            // No buffer of its own: the reader's is large enough, and one copy is enough.
            _file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new StreamRuntimeException(ErrorKind.Source, $"The file '{_path}' can't be read: {failure.Message}", failure);
        }

        CanSeek = _file.CanSeek;
        try
        {
            GoOn();
        }
        catch
        {
            _file.Dispose();
            throw;
        }

        _lines = new NdjsonFromStream(new ReceivePipeReader(_file, _maxBufferedBytes));
    }

    public ValueTask<bool> ReceiveAsync(RowWriter rows, CancellationToken cancellationToken) => _lines!.ReceiveAsync(rows, cancellationToken);

    public int ReleaseIdleMemory() => _lines?.ReleaseIdleMemory() ?? 0;

    public ValueTask DisposeAsync() => _lines?.DisposeAsync() ?? default;

    /// <summary>Closes the file.</summary>
    public ValueTask ParkAsync(byte[] place, bool rowsAreUsed)
    {
        NdjsonFromStream lines = _lines!;
        _place = place;
        _lines = null;
        _file = null;
        if (rowsAreUsed)
        {
            lines.Detach();
        }

        return lines.DisposeAsync();
    }

    public void StartAt(ReadOnlySpan<byte> place)
    {
        _place = place.ToArray();
        GoOn();
    }

    public byte[] GetPlace(int undelivered)
    {
        if (_lines is null)
        {
            return _place;
        }

        long offset = _file!.Position - _lines.CountFrom(undelivered);
        return offset == 0 ? [] : PlaceAt(offset);
    }

    private void GoOn()
    {
        if (_place.Length == 0)
        {
            return;
        }

        if (_place.Length != PlaceBytes || BinaryPrimitives.ReadInt64BigEndian(_place) is var offset && offset <= 0)
        {
            throw Changed("the place is not one of a file");
        }

        try
        {
            if (_file!.Length < offset)
            {
                throw Changed($"it has {_file.Length} bytes now, fewer than the {offset} that were read of it");
            }

            if (!PlaceAt(offset).AsSpan().SequenceEqual(_place))
            {
                throw Changed("its first bytes, or those before the place, are others now");
            }

            // The last line may end with the file; if the file goes on in that line now, its rest would be taken for a row.
            if (_file.Length > offset && LastByteBefore(offset) != (byte)'\n')
            {
                throw Changed("its last line, which had no end, goes on now");
            }

            _file.Position = offset;
        }
        catch (IOException failure)
        {
            throw new StreamRuntimeException(ErrorKind.Source, $"The file '{_path}' can't be read: {failure.Message}", failure);
        }
    }

    private byte[] PlaceAt(long offset)
    {
        byte[] stretches = new byte[(int)Math.Min(offset, 2 * StretchBytes)];
        Read(stretches.AsSpan(0, stretches.Length / 2), 0);
        Read(stretches.AsSpan(stretches.Length / 2), offset - (stretches.Length - stretches.Length / 2));
        byte[] place = new byte[PlaceBytes];
        BinaryPrimitives.WriteInt64BigEndian(place, offset);
        SHA256.HashData(stretches).AsSpan(0, HashBytes).CopyTo(place.AsSpan(sizeof(long)));
        return place;
    }

    private byte LastByteBefore(long offset)
    {
        Span<byte> last = stackalloc byte[1];
        Read(last, offset - 1);
        return last[0];
    }

    // Beside the reader's own reads, which have a position that this must not move.
    private void Read(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int read;
            try
            {
                read = RandomAccess.Read(_file!.SafeFileHandle, destination, offset);
            }
            catch (IOException failure)
            {
                throw new StreamRuntimeException(ErrorKind.Source, $"The file '{_path}' can't be read: {failure.Message}", failure);
            }

            if (read == 0)
            {
                throw Changed("it has become shorter");
            }

            destination = destination[read..];
            offset += read;
        }
    }

    private StreamRuntimeException Changed(string how) =>
        new(ErrorKind.ResumeRefused, $"The file '{_path}' can't be continued, since it is not as it was: {how}.");
}
