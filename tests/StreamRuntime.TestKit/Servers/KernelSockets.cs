using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StreamRuntime.TestKit.Servers;

/// <summary>
/// Asks the kernel about one TCP connection by its addresses (sock_diag). Reading /proc/net/tcp would tell the same, but walks the whole
/// table: milliseconds each time, where a test asks a hundred thousand times.
/// </summary>
internal sealed class KernelSockets : IDisposable
{
    private const int HeaderBytes = 16;
    private const int RequestBytes = HeaderBytes + 56;
    private const int ReceiveQueueOffset = HeaderBytes + 4 + 48 + 4;

    // A handle, not a number: a script may still be asking while its connection is closed.
    private readonly SafeFileHandle _socket;
    private readonly byte[] _reply = new byte[8192];

    public KernelSockets()
    {
        const int Netlink = 16, RawCloseOnExec = 3 | 0x80000, SockDiag = 4;
        _socket = new SafeFileHandle(Check(NativeMethods.Socket(Netlink, RawCloseOnExec, SockDiag)), ownsHandle: true);
    }

    /// <summary>Bytes that have arrived at an end and that its program has not read; null when the connection is gone.</summary>
    public int? CountUnread(IPEndPoint local, IPEndPoint remote)
    {
        Span<byte> request = stackalloc byte[RequestBytes];
        request.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(request, RequestBytes);
        const short ByFamily = 20, IsRequest = 1;
        BinaryPrimitives.WriteInt16LittleEndian(request[4..], ByFamily);
        BinaryPrimitives.WriteInt16LittleEndian(request[6..], IsRequest);
        const byte InterNetwork = 2, Tcp = 6;
        request[16] = InterNetwork;
        request[17] = Tcp;
        request.Slice(20, 4).Fill(0xff); // in any state
        BinaryPrimitives.WriteUInt16BigEndian(request[24..], (ushort)local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(request[26..], (ushort)remote.Port);
        local.Address.MapToIPv4().TryWriteBytes(request[28..], out _);
        remote.Address.MapToIPv4().TryWriteBytes(request[44..], out _);
        request.Slice(64, 8).Fill(0xff); // no cookie
        Check((int)NativeMethods.Send(_socket, ref MemoryMarshal.GetReference(request), RequestBytes, 0));
        int length = Check((int)NativeMethods.Receive(_socket, ref MemoryMarshal.GetArrayDataReference(_reply), (nuint)_reply.Length, 0));
        if (BinaryPrimitives.ReadInt16LittleEndian(_reply.AsSpan(4)) == ByFamily && length >= ReceiveQueueOffset + 4)
        {
            return BinaryPrimitives.ReadInt32LittleEndian(_reply.AsSpan(ReceiveQueueOffset));
        }

        const int NoSuchEntry = 2;
        int error = -BinaryPrimitives.ReadInt32LittleEndian(_reply.AsSpan(HeaderBytes));
        return error == NoSuchEntry ? null : throw new Win32Exception(error);
    }

    public void Dispose() => _socket.Dispose();

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Socket(int family, int type, int protocol);

        [DllImport("libc", EntryPoint = "send", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern nint Send(SafeFileHandle socket, ref byte buffer, nuint length, int flags);

        [DllImport("libc", EntryPoint = "recv", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern nint Receive(SafeFileHandle socket, ref byte buffer, nuint length, int flags);
    }
}
