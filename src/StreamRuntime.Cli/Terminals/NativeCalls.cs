using System.Runtime.InteropServices;
using System.Text;

namespace StreamRuntime.Cli.Terminals;

/// <summary>The few system calls that .NET hides or has not.</summary>
internal static class NativeCalls
{
    public const int Interrupted = 4;
    public const int BrokenPipe = 32;
    public const int InvalidArgument = 22;
    private const int FromCurrent = 1;
    private const int ReadOnly = 0;

    /// <summary>EAGAIN, which Linux and the BSDs number differently.</summary>
    public static int WouldBlock => OperatingSystem.IsLinux() ? 11 : 35;

    /// <summary>Writes once; returns what was written, or minus the error's number.</summary>
    public static unsafe int Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint written = write(descriptor, start, bytes.Length);
            return written >= 0 ? (int)written : -Marshal.GetLastSystemError();
        }
    }

    /// <summary>Waits until a descriptor that does not block by itself takes bytes again.</summary>
    public static unsafe void WaitUntilWritable(int descriptor)
    {
        const short Writable = 4;
        var wait = new PollDescriptor { Descriptor = descriptor, Events = Writable };
        _ = poll(&wait, 1, -1);
    }

    /// <summary>True for what has a position: a file, or /dev/null. Pipes, sockets and terminals have none.</summary>
    public static bool IsSeekable(int descriptor) => lseek(descriptor, 0, FromCurrent) >= 0;

    /// <summary>Sends a signal to a process of ours.</summary>
    public static void Signal(int processId, int signal) => _ = kill(processId, signal);

    public static bool IsTerminal(int descriptor) => isatty(descriptor) == 1;

    /// <summary>Brings a folder's entries to the disk, for which .NET has no way; 0, or the error's number.</summary>
    public static unsafe int FlushFolder(string path)
    {
        byte[] name = [.. Encoding.UTF8.GetBytes(path), 0];
        int descriptor;
        fixed (byte* start = name)
        {
            descriptor = open(start, ReadOnly);
        }

        if (descriptor < 0)
        {
            return Marshal.GetLastSystemError();
        }

        int error = fsync(descriptor) == 0 ? 0 : Marshal.GetLastSystemError();
        _ = close(descriptor);
        return error;
    }

#pragma warning disable IDE1006, SYSLIB1054 // The names are the C library's; plain declarations of blittable calls need no generated code.
    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe nint write(int descriptor, byte* bytes, nint count);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe int poll(PollDescriptor* descriptors, nuint count, int timeoutMs);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long lseek(int descriptor, long offset, int whence);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int isatty(int descriptor);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int processId, int signal);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe int open(byte* path, int flags);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(int descriptor);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int close(int descriptor);
#pragma warning restore IDE1006, SYSLIB1054

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Occurred;
    }
}
