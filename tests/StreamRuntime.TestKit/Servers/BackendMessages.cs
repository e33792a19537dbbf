using System.Buffers.Binary;
using System.Text;

namespace StreamRuntime.TestKit.Servers;

/// <summary>Messages a PostgreSQL server sends, as bytes; right ones and, with the raw builders, wrong ones.</summary>
public static class BackendMessages
{
    /// <summary>AuthenticationOk.</summary>
    public static byte[] AuthenticationOk { get; } = Authentication(0);

    /// <summary>ParseComplete.</summary>
    public static byte[] ParseComplete { get; } = Raw('1');

    /// <summary>BindComplete.</summary>
    public static byte[] BindComplete { get; } = Raw('2');

    /// <summary>CloseComplete.</summary>
    public static byte[] CloseComplete { get; } = Raw('3');

    /// <summary>NoData.</summary>
    public static byte[] NoData { get; } = Raw('n');

    /// <summary>EmptyQueryResponse.</summary>
    public static byte[] EmptyQueryResponse { get; } = Raw('I');

    /// <summary>PortalSuspended.</summary>
    public static byte[] PortalSuspended { get; } = Raw('s');

    /// <summary>A message of any type, with its true length.</summary>
    public static byte[] Raw(char type, params ReadOnlySpan<byte> body) => RawWithLength(type, body.Length + 4, body);

    /// <summary>A message that states any length.</summary>
    public static byte[] RawWithLength(char type, int length, params ReadOnlySpan<byte> body)
    {
        byte[] message = new byte[5 + body.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), length);
        body.CopyTo(message.AsSpan(5));
        return message;
    }

    /// <summary>Messages one after the other.</summary>
    public static byte[] Join(params IEnumerable<byte[]> messages) => [.. messages.SelectMany(m => m)];

    /// <summary>An authentication request of any code.</summary>
    public static byte[] Authentication(int code, params ReadOnlySpan<byte> data) => Raw('R', [.. Int32(code), .. data]);

    /// <summary>AuthenticationSASL with its mechanisms.</summary>
    public static byte[] AuthenticationSasl(params string[] mechanisms) => Authentication(10, [.. mechanisms.SelectMany(Text), 0]);

    /// <summary>ParameterStatus.</summary>
    public static byte[] ParameterStatus(string name, string value) => Raw('S', [.. Text(name), .. Text(value)]);

    /// <summary>BackendKeyData; the key has 4 bytes, or up to 256 since protocol 3.2.</summary>
    public static byte[] BackendKeyData(int processId, params ReadOnlySpan<byte> secret) => Raw('K', [.. Int32(processId), .. secret]);

    /// <summary>ReadyForQuery.</summary>
    /// <param name="status">I for idle, T in a transaction, E in a failed one.</param>
    public static byte[] ReadyForQuery(char status = 'I') => Raw('Z', (byte)status);

    /// <summary>NegotiateProtocolVersion.</summary>
    public static byte[] NegotiateProtocolVersion(int newestMinor, params string[] unknownOptions) =>
        Raw('v', [.. Int32(newestMinor), .. Int32(unknownOptions.Length), .. unknownOptions.SelectMany(Text)]);

    /// <summary>ParameterDescription.</summary>
    public static byte[] ParameterDescription(params int[] typeIds) => Raw('t', [.. Int16((short)typeIds.Length), .. typeIds.SelectMany(Int32)]);

    /// <summary>RowDescription, with every column in text format.</summary>
    public static byte[] RowDescription(params (string Name, int TypeId)[] columns) =>
        Raw('T', [.. Int16((short)columns.Length), .. columns.SelectMany(c => (byte[])[.. Text(c.Name), .. Int32(0), .. Int16(0), .. Int32(c.TypeId), .. Int16(-1), .. Int32(-1), .. Int16(0)])]);

    /// <summary>DataRow; a null is SQL's null.</summary>
    public static byte[] DataRow(params string?[] values) => DataRow([.. values.Select(v => v is null ? null : Encoding.UTF8.GetBytes(v))]);

    /// <inheritdoc cref="DataRow(string[])"/>
    public static byte[] DataRow(params byte[]?[] values)
    {
        byte[] message = new byte[7 + values.Sum(v => 4 + (v?.Length ?? 0))];
        message[0] = (byte)'D';
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), message.Length - 1);
        BinaryPrimitives.WriteInt16BigEndian(message.AsSpan(5), (short)values.Length);
        int at = 7;
        foreach (byte[]? value in values)
        {
            BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(at), value?.Length ?? -1);
            value?.CopyTo(message, at + 4);
            at += 4 + (value?.Length ?? 0);
        }

        return message;
    }

    /// <summary>CommandComplete.</summary>
    public static byte[] CommandComplete(string tag) => Raw('C', Text(tag));

    /// <summary>ErrorResponse with the fields every server sends.</summary>
    public static byte[] ErrorResponse(string sqlState, string message, string severity = "ERROR") =>
        ErrorResponse(('S', severity), ('V', severity), ('C', sqlState), ('M', message));

    /// <summary>ErrorResponse with any fields.</summary>
    public static byte[] ErrorResponse(params (char Code, string Value)[] fields) => Raw('E', Fields(fields));

    /// <summary>NoticeResponse with the fields every server sends.</summary>
    public static byte[] NoticeResponse(string message, string sqlState = "00000", string severity = "NOTICE") =>
        Raw('N', Fields([('S', severity), ('V', severity), ('C', sqlState), ('M', message)]));

    /// <summary>NotificationResponse.</summary>
    public static byte[] NotificationResponse(int processId, string channel, string payload) =>
        Raw('A', [.. Int32(processId), .. Text(channel), .. Text(payload)]);

    private static byte[] Fields((char Code, string Value)[] fields) =>
        [.. fields.SelectMany(f => Text(f.Value).Prepend((byte)f.Code)), 0];

    private static byte[] Text(string value) => [.. Encoding.UTF8.GetBytes(value), 0];

    private static byte[] Int32(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Int16(short value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        return bytes;
    }
}
