using System.Runtime.InteropServices;
using StreamRuntime.Cli.Terminals;

namespace StreamRuntime.Cli.SafeExports;

/// <summary>A folder whose entries must outlast a power cut.</summary>
internal static class DurableFolder
{
    /// <summary>Returns when the names in the folder, as they are now, are with the disk. Nothing is needed for that on Windows.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Flush(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int error = NativeCalls.FlushFolder(path);

        // Some file systems have nothing to flush for a folder, and say so.
        if (error is not (0 or NativeCalls.InvalidArgument))
        {
            throw new IOException($"The folder '{path}' can't be flushed: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }
}
