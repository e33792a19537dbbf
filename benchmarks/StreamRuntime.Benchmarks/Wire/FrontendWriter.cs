using System.Buffers.Binary;
using System.Text;

namespace StreamRuntime.Benchmarks.Wire;

/// <summary>What a client says, written here and not by the library, so that what the library is compared with owes it nothing.</summary>
internal sealed class FrontendWriter
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    /// <summary>The start-up message of protocol 3.0.</summary>
    public FrontendWriter StartUp(string user, string database)
    {
        List<byte> body = [];
        WriteInt32(body, 3 << 16);
        foreach (string word in (string[])["user", user, "database", database, "client_encoding", "UTF8", ""])
        {
            WriteText(body, word);
        }

        WriteInt32(_bytes, body.Count + 4);
        _bytes.AddRange(body);
        return this;
    }

    /// <summary>The request to cancel, which goes over a connection of its own.</summary>
    /// <param name="key">What BackendKeyData held.</param>
    public FrontendWriter CancelRequest(ReadOnlySpan<byte> key)
    {
        const int Code = 1234 << 16 | 5678;
        WriteInt32(_bytes, 8 + key.Length);
        WriteInt32(_bytes, Code);
        _bytes.AddRange(key);
        return this;
    }

    /// <summary>Query, of the simple protocol.</summary>
    public FrontendWriter Query(string sql) => Message('Q', b => WriteText(b, sql));

    /// <summary>Parse, into the unnamed statement.</summary>
    public FrontendWriter Parse(string sql) => Message('P', b =>
    {
        WriteText(b, "");
        WriteText(b, sql);
        WriteInt16(b, 0);
    });

    /// <summary>Bind, of the unnamed statement to the unnamed portal.</summary>
    /// <param name="format">The format of every column: 0 for text, 1 for binary.</param>
    public FrontendWriter Bind(short format) => Message('B', b =>
    {
        WriteText(b, "");
        WriteText(b, "");
        WriteInt16(b, 0);
        WriteInt16(b, 0);
        WriteInt16(b, 1);
        WriteInt16(b, format);
    });

    /// <summary>Describe, of the unnamed statement ('S') or portal ('P').</summary>
    public FrontendWriter Describe(char kind) => Message('D', b =>
    {
        b.Add((byte)kind);
        WriteText(b, "");
    });

    /// <summary>Execute, of the unnamed portal.</summary>
    /// <param name="most">The most rows to send; 0 for all.</param>
    public FrontendWriter Execute(int most = 0) => Message('E', b =>
    {
        WriteText(b, "");
        WriteInt32(b, most);
    });

    public FrontendWriter Sync() => Message('S', _ => { });

    private FrontendWriter Message(char type, Action<List<byte>> write)
    {
        List<byte> body = [];
        write(body);
        _bytes.Add((byte)type);
        WriteInt32(_bytes, body.Count + 4);
        _bytes.AddRange(body);
        return this;
    }

    private static void WriteText(List<byte> to, string text)
    {
        to.AddRange(Encoding.UTF8.GetBytes(text));
        to.Add(0);
    }

    private static void WriteInt16(List<byte> to, short value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        to.AddRange(bytes);
    }

    private static void WriteInt32(List<byte> to, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        to.AddRange(bytes);
    }
}
