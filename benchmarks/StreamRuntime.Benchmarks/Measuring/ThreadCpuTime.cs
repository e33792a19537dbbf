using System.ComponentModel;
using System.Runtime.InteropServices;

namespace StreamRuntime.Benchmarks.Measuring;

/// <summary>
/// How long the calling thread has been on a processor, in user and in system mode together, in nanoseconds: what one thread's work costs, whoever else keeps
/// the machine busy meanwhile.
/// </summary>
internal static class ThreadCpuTime
{
    private const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID

    public static long Nanoseconds
    {
        get
        {
            if (NativeMethods.GetTime(ThreadClock, out Timespec now) != 0)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError());
            }

            return now.Seconds * 1_000_000_000L + now.Nanoseconds;
        }
    }

    private struct Timespec
    {
#pragma warning disable CS0649 // Written by the kernel.
        public nint Seconds;
        public nint Nanoseconds;
#pragma warning restore CS0649
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int GetTime(int clock, out Timespec time);
    }
}
