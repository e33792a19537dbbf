using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace StreamRuntime.Postgres.Protocol;

/// <summary>The messages a client sends, written into a buffer.</summary>
/// <remarks>
/// Each method checks and adds up every length before it writes its first byte, in 64 bits: a message is written whole or not at all, and
/// none can wrap its length around and turn a value into further messages (the CVE-2024-32655 kind).
/// </remarks>
internal static class FrontendMessages
{
    /// <summary>PostgreSQL's MaxAllocSize. Its length word, which counts itself, must stay below this.</summary>
    public const int TooManyBytes = 0x3FFFFFFF;

    /// <summary>PostgreSQL drops a longer start-up packet without a word, so we say it.</summary>
    public const int MaxStartupBytes = 10_000;

    private const int ProtocolVersion = 3 << 16;
    private const int SslRequestCode = (1234 << 16) | 5679;
    private const int CancelRequestCode = (1234 << 16) | 5678;

    /// <summary>Opens a session with protocol 3.0.</summary>
    public static void StartupMessage(IBufferWriter<byte> output, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        long bytes = 4 + 4 + 1;
        foreach ((string name, string value) in parameters)
        {
            if (name.Length == 0)
            {
                // An empty name is how the list ends.
                throw new StreamRuntimeException(ErrorKind.Configuration, "A start-up parameter has no name.");
            }

            bytes += CountCString(name, "name of a start-up parameter");
            bytes += CountCString(value, "value of a start-up parameter");
        }

        CheckLength(bytes, "start-up message", MaxStartupBytes);
        WriteInt32(output, (int)bytes);
        WriteInt32(output, ProtocolVersion);
        foreach ((string name, string value) in parameters)
        {
            WriteCString(output, name);
            WriteCString(output, value);
        }

        WriteByte(output, 0);
    }

    public static void SslRequest(IBufferWriter<byte> output)
    {
        WriteInt32(output, 8);
        WriteInt32(output, SslRequestCode);
    }

    /// <summary>Asks, on a connection of its own, to cancel what the given backend runs. The key is 4 to 256 bytes.</summary>
    public static void CancelRequest(IBufferWriter<byte> output, int processId, ReadOnlySpan<byte> secretKey)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(secretKey.Length, 4, nameof(secretKey));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(secretKey.Length, 256, nameof(secretKey));
        WriteInt32(output, 12 + secretKey.Length);
        WriteInt32(output, CancelRequestCode);
        WriteInt32(output, processId);
        output.Write(secretKey);
    }

    /// <summary>A password in clear text, or the answer to an MD5 request.</summary>
    public static void PasswordMessage(IBufferWriter<byte> output, string password)
    {
        Begin(output, 'p', CountCString(password, "password"), "password message");
        WriteCString(output, password);
    }

    public static void SaslInitialResponse(IBufferWriter<byte> output, string mechanism, ReadOnlySpan<byte> response)
    {
        Begin(output, 'p', CountCString(mechanism, "SASL mechanism") + 4 + response.Length, "SASL message");
        WriteCString(output, mechanism);
        WriteInt32(output, response.Length);
        output.Write(response);
    }

    public static void SaslResponse(IBufferWriter<byte> output, ReadOnlySpan<byte> response)
    {
        Begin(output, 'p', response.Length, "SASL message");
        output.Write(response);
    }

    /// <summary>Runs any number of statements without parameters, all or none.</summary>
    public static void Query(IBufferWriter<byte> output, string sql)
    {
        Begin(output, 'Q', CountCString(sql, "SQL text"), "statement");
        WriteCString(output, sql);
    }

    /// <summary>Prepares a statement; a type of 0 is left to the server.</summary>
    public static void Parse(IBufferWriter<byte> output, string statement, string sql, ReadOnlySpan<uint> typeOids)
    {
        CheckParameterCount(typeOids.Length);
        long bytes = CountCString(statement, "statement's name") + CountCString(sql, "SQL text") + 2 + (4L * typeOids.Length);
        Begin(output, 'P', bytes, "statement");
        WriteCString(output, statement);
        WriteCString(output, sql);
        WriteUInt16(output, (ushort)typeOids.Length);
        foreach (uint oid in typeOids)
        {
            WriteInt32(output, (int)oid);
        }
    }

    /// <summary>Gives a statement its values, null for NULL; values and results are in text format.</summary>
    /// <remarks>The list is read twice and must not change meanwhile.</remarks>
    public static void Bind(IBufferWriter<byte> output, string portal, string statement, IReadOnlyList<string?> values)
    {
        CheckParameterCount(values.Count);
        long bytes = CountCString(portal, "portal's name") + CountCString(statement, "statement's name") + 2 + 2 + 2;
        for (int index = 0; index < values.Count; index++)
        {
            bytes += 4 + CountValue(values[index], index);
        }

        Begin(output, 'B', bytes, "message with all parameters");
        WriteCString(output, portal);
        WriteCString(output, statement);
        WriteUInt16(output, 0); // no format codes: every value is text
        WriteUInt16(output, (ushort)values.Count);
        for (int index = 0; index < values.Count; index++)
        {
            string? value = values[index];
            WriteInt32(output, value is null ? -1 : (int)CountValue(value, index));
            WireText.Write(output, value);
        }

        WriteUInt16(output, 0); // no format codes: every column is text
    }

    /// <summary>Asks what a statement ('S') or portal ('P') gives.</summary>
    public static void Describe(IBufferWriter<byte> output, char kind, string name) => Named(output, 'D', kind, name);

    /// <summary>Runs a portal, for at most so many rows; 0 is all.</summary>
    public static void Execute(IBufferWriter<byte> output, string portal, int maxRows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxRows);
        Begin(output, 'E', CountCString(portal, "portal's name") + 4, "execute message");
        WriteCString(output, portal);
        WriteInt32(output, maxRows);
    }

    public static void Sync(IBufferWriter<byte> output) => Begin(output, 'S', 0, "sync message");

    public static void Flush(IBufferWriter<byte> output) => Begin(output, 'H', 0, "flush message");

    /// <summary>Closes a statement ('S') or portal ('P').</summary>
    public static void Close(IBufferWriter<byte> output, char kind, string name) => Named(output, 'C', kind, name);

    public static void Terminate(IBufferWriter<byte> output) => Begin(output, 'X', 0, "terminate message");

    /// <summary>Refuses what the server would: the length of a whole message, as its length word counts, or of one value.</summary>
    internal static void CheckLength(long bytes, string what, int limit = TooManyBytes - 1)
    {
        if (bytes > limit)
        {
            throw new StreamRuntimeException(
                ErrorKind.MessageTooLarge,
                string.Create(CultureInfo.InvariantCulture, $"The {what} is {bytes} bytes; PostgreSQL takes at most {limit}."));
        }
    }

    private static void Named(IBufferWriter<byte> output, char type, char kind, string name)
    {
        if (kind is not ('S' or 'P'))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "It is 'S' for a statement or 'P' for a portal.");
        }

        Begin(output, type, 1 + CountCString(name, "name of a statement or portal"), "message");
        WriteByte(output, (byte)kind);
        WriteCString(output, name);
    }

    // The last check, so that it may already write.
    private static void Begin(IBufferWriter<byte> output, char type, long bodyBytes, string what)
    {
        long length = 4 + bodyBytes;
        CheckLength(length, what);
        WriteByte(output, (byte)type);
        WriteInt32(output, (int)length);
    }

    private static void CheckParameterCount(int count)
    {
        if (count > ushort.MaxValue)
        {
            throw new StreamRuntimeException(ErrorKind.Configuration, $"{count} parameters are more than the protocol's {ushort.MaxValue}.");
        }
    }

    private static long CountValue(string? value, int index)
    {
        if (value is null)
        {
            return 0;
        }

        // Named only when it matters: a stream's parameters are counted on every run.
        long bytes = WireText.CountBytes(value, "value of a parameter");
        if (bytes >= TooManyBytes)
        {
            CheckLength(bytes, $"value of parameter ${index + 1}");
        }

        return bytes;
    }

    private static long CountCString(string text, string what) => text.Contains('\0', StringComparison.Ordinal)
        ? throw new StreamRuntimeException(ErrorKind.Configuration, $"The {what} holds a NUL, which would end it early.")
        : WireText.CountBytes(text, what) + 1;

    private static void WriteCString(IBufferWriter<byte> output, string text)
    {
        WireText.Write(output, text);
        WriteByte(output, 0);
    }

    private static void WriteByte(IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    private static void WriteUInt16(IBufferWriter<byte> output, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(2), value);
        output.Advance(2);
    }

    private static void WriteInt32(IBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), value);
        output.Advance(4);
    }
}
