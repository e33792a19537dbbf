using Microsoft.Win32.SafeHandles;
using StreamRuntime.Cli.Arguments;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.SafeExports;

/// <summary>The file that an export's state is kept in. At any instant it holds one whole state, the latest or the one before.</summary>
internal sealed class SafeExportStateFile(string path)
{
    private readonly string _path = Path.GetFullPath(path);

    // Beside it, so that it can be renamed to it. One export at a time holds the output, so one name does.
    private string TemporaryPath => _path + ".new";

    /// <summary>What was last saved; null when nothing was.</summary>
    /// <exception cref="UsageException">There is a file, and it holds something else.</exception>
    /// <exception cref="DestinationException">It can't be read.</exception>
    public SafeExportState? Load()
    {
        try
        {
            return SafeExportState.Read(File.ReadAllBytes(_path));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (FormatException failure)
        {
            throw new UsageException($"The state file '{path}' can't be used. {failure.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DestinationException($"The state file '{path}' can't be read: {failure.Message}", cause: failure);
        }
    }

    /// <summary>Replaces what was last saved. Returns when that is with the disk.</summary>
    /// <exception cref="DestinationException">It can't be written; what was last saved is still there.</exception>
    public void Save(SafeExportState state)
    {
        try
        {
            Write(state.Write());
            File.Move(TemporaryPath, _path, overwrite: true);
            DurableFolder.Flush(Path.GetDirectoryName(_path)!);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DestinationException($"The state file '{path}' can't be written: {failure.Message}", cause: failure);
        }
    }

    private void Write(byte[] bytes)
    {
        // Made anew, since an old one may be somebody else's to read, and this one holds a key.
        File.Delete(TemporaryPath);
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(TemporaryPath, creation);
        SafeFileHandle handle = file.SafeFileHandle;
        RandomAccess.Write(handle, bytes, 0);
        RandomAccess.FlushToDisk(handle);
    }
}
