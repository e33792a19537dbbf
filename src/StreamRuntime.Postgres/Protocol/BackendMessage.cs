using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace StreamRuntime.Postgres.Protocol;

/// <summary>Reads what is common to all messages from the server. Every length is checked before it is used.</summary>
internal static class BackendMessage
{
    /// <summary>Type byte and length word.</summary>
    public const int HeaderBytes = 5;

    /// <summary>The most a message other than a row may hold. PostgreSQL's own are far smaller; libpq allows the same order.</summary>
    public const int LargestBody = 1024 * 1024;

    private static readonly UTF8Encoding Text = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    /// <summary>Reads type and body length; false while the header is incomplete.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Protocol"/>: the length is below its own size.</exception>
    public static bool TryReadHeader(ReadOnlySpan<byte> buffer, out BackendMessageType type, out int bodyLength)
    {
        if (buffer.Length < HeaderBytes)
        {
            type = default;
            bodyLength = 0;
            return false;
        }

        type = (BackendMessageType)buffer[0];
        int length = BinaryPrimitives.ReadInt32BigEndian(buffer[1..]);
        if (length < 4)
        {
            Violation($"message {Name(type)} states a length of {length}, less than the length word itself");
        }

        bodyLength = length - 4;
        return true;
    }

    /// <summary>Refuses a message other than a row that is larger than any such message may be.</summary>
    public static void CheckBody(BackendMessageType type, int bodyLength)
    {
        if (bodyLength > LargestBody)
        {
            Violation($"message {Name(type)} of {bodyLength} bytes is larger than the {LargestBody} bytes such a message may have");
        }
    }

    /// <summary>Cuts a NUL-terminated string off the front.</summary>
    public static string ReadString(ref ReadOnlySpan<byte> body, BackendMessageType type) => Text.GetString(ReadText(ref body, type));

    /// <summary>The same without making a string, for what may be dropped: a server can send megabytes of it.</summary>
    public static ReadOnlySpan<byte> ReadText(scoped ref ReadOnlySpan<byte> body, BackendMessageType type)
    {
        int end = body.IndexOf((byte)0);
        if (end < 0)
        {
            Violation($"message {Name(type)} holds a string that is not terminated");
        }

        ReadOnlySpan<byte> text = body[..end];
        body = body[(end + 1)..];
        return text;
    }

    /// <summary>Cuts a 16-bit number off the front.</summary>
    public static short ReadInt16(ref ReadOnlySpan<byte> body, BackendMessageType type)
    {
        if (body.Length < 2)
        {
            ThrowTruncated(type);
        }

        short value = BinaryPrimitives.ReadInt16BigEndian(body);
        body = body[2..];
        return value;
    }

    /// <summary>Cuts a 32-bit number off the front.</summary>
    public static int ReadInt32(ref ReadOnlySpan<byte> body, BackendMessageType type)
    {
        if (body.Length < 4)
        {
            ThrowTruncated(type);
        }

        int value = BinaryPrimitives.ReadInt32BigEndian(body);
        body = body[4..];
        return value;
    }

    /// <summary>Refuses bytes after a message's last field.</summary>
    public static void CheckEnd(ReadOnlySpan<byte> rest, BackendMessageType type)
    {
        if (!rest.IsEmpty)
        {
            Violation($"message {Name(type)} has {rest.Length} bytes after its last field");
        }
    }

    /// <summary>Checks a ReadyForQuery and returns its transaction status.</summary>
    public static TransactionStatus ReadReadyForQuery(ReadOnlySpan<byte> body)
    {
        if (body.Length != 1 || body[0] is not ((byte)'I' or (byte)'T' or (byte)'E'))
        {
            Violation(body.Length == 1 ? $"ReadyForQuery states the unknown status 0x{body[0]:x2}" : $"ReadyForQuery has {body.Length} bytes instead of 1");
        }

        return (TransactionStatus)body[0];
    }

    /// <summary>Reads a ParameterStatus.</summary>
    public static void ReadParameterStatus(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = ReadText(ref body, BackendMessageType.ParameterStatus);
        value = ReadText(ref body, BackendMessageType.ParameterStatus);
        CheckEnd(body, BackendMessageType.ParameterStatus);
    }

    /// <summary>Reads a BackendKeyData. Keys have 4 bytes, or up to 256 from protocol 3.2 on.</summary>
    public static (int ProcessId, byte[] SecretKey) ReadBackendKeyData(ReadOnlySpan<byte> body)
    {
        int processId = ReadInt32(ref body, BackendMessageType.BackendKeyData);
        if (body.Length is < 4 or > 256)
        {
            Violation($"BackendKeyData has a key of {body.Length} bytes instead of 4 to 256");
        }

        return (processId, body.ToArray());
    }

    /// <summary>Checks a NegotiateProtocolVersion: the server takes our version but not all of our options, of which we send none that matter.</summary>
    public static void ReadNegotiateProtocolVersion(ReadOnlySpan<byte> body)
    {
        const BackendMessageType Type = BackendMessageType.NegotiateProtocolVersion;
        int version = ReadInt32(ref body, Type);
        int count = ReadInt32(ref body, Type);

        // Newer servers state the whole version (3 << 16 | minor), older ones the minor alone.
        if (version < 0 || (version > ushort.MaxValue && version >> 16 != 3) || count < 0)
        {
            Violation($"NegotiateProtocolVersion offers version {version} with {count} options");
        }

        for (int i = 0; i < count; i++)
        {
            ReadText(ref body, Type);
        }

        CheckEnd(body, Type);
    }

    /// <summary>A message's name as an error shows it.</summary>
    public static string Name(BackendMessageType type) =>
        Enum.IsDefined(type)
            ? type.ToString()
            : (byte)type is > 0x20 and < 0x7f
                ? $"'{(char)type}'"
                : "0x" + ((byte)type).ToString("x2", CultureInfo.InvariantCulture);

    /// <summary>Throws for a message that has no place here.</summary>
    [DoesNotReturn]
    public static void Unexpected(BackendMessageType type, string where) => Violation($"message {Name(type)} has no place {where}");

    /// <summary>Throws for anything the protocol forbids.</summary>
    [DoesNotReturn]
    public static void Violation(string what) =>
        throw new StreamRuntimeException(ErrorKind.Protocol, $"The server broke the PostgreSQL protocol: {what}.");

    [DoesNotReturn]
    private static void ThrowTruncated(BackendMessageType type) => Violation($"message {Name(type)} ends inside a field");
}

/// <summary>Where a session stands, as ReadyForQuery tells.</summary>
internal enum TransactionStatus : byte
{
    Idle = (byte)'I',
    InTransaction = (byte)'T',
    Failed = (byte)'E',
}
