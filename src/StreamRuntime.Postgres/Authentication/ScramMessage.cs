using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace StreamRuntime.Postgres.Authentication;

/// <summary>Reads the attributes of one SCRAM message, in order, and refuses whatever the grammar does not allow there.</summary>
internal ref struct ScramMessage(ReadOnlySpan<byte> message, string name)
{
    private static readonly SearchValues<byte> ErrorWord = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-"u8);

    private readonly string _name = name;
    private ReadOnlySpan<byte> _rest = message;
    private bool _atEnd = message.IsEmpty;

    /// <summary>The value of the next attribute, which must be the one named.</summary>
    public ReadOnlySpan<byte> Read(char attribute)
    {
        ThrowIfError();
        if (_rest.StartsWith("m="u8))
        {
            throw Refused($"The {_name} demands an extension that we do not know.");
        }

        if (_atEnd || _rest.Length < 2 || _rest[0] != attribute || _rest[1] != '=')
        {
            throw Refused($"The {_name} lacks its attribute {attribute}.");
        }

        int comma = _rest.IndexOf((byte)',');
        ReadOnlySpan<byte> value = comma < 0 ? _rest[2..] : _rest[2..comma];
        _atEnd = comma < 0;
        _rest = comma < 0 ? default : _rest[(comma + 1)..];
        return value;
    }

    public readonly void ReadEnd()
    {
        if (!_atEnd)
        {
            throw Refused($"The {_name} holds more than it may.");
        }
    }

    /// <summary>Bytes from base64 in its one canonical form: no white space, no missing padding, no stray bits.</summary>
    public readonly byte[] Decode(ReadOnlySpan<byte> base64, char attribute, int maxBytes)
    {
        if (base64.Length > Base64.GetMaxEncodedToUtf8Length(maxBytes))
        {
            throw Refused($"Attribute {attribute} of the {_name} is longer than {maxBytes} bytes.");
        }

        // The framework's decoder lets white space and stray bits pass; encoding again and comparing does not.
        byte[] decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        Span<byte> again = new byte[Base64.GetMaxEncodedToUtf8Length(decoded.Length)];
        if (Base64.DecodeFromUtf8(base64, decoded, out _, out int length) != OperationStatus.Done
            || Base64.EncodeToUtf8(decoded.AsSpan(0, length), again, out _, out int encodedLength) != OperationStatus.Done
            || !again[..encodedLength].SequenceEqual(base64))
        {
            throw Refused($"Attribute {attribute} of the {_name} is not base64.");
        }

        if (length > maxBytes)
        {
            throw Refused($"Attribute {attribute} of the {_name} is longer than {maxBytes} bytes.");
        }

        return decoded[..length];
    }

    public static StreamRuntimeException Refused(string message) => new(ErrorKind.Authentication, message);

    private readonly void ThrowIfError()
    {
        if (!_rest.StartsWith("e="u8))
        {
            return;
        }

        // The RFC's error values are words with hyphens; anything else a server puts here is not shown.
        ReadOnlySpan<byte> error = _rest[2..];
        bool isWord = error.Length is > 0 and <= 64 && error.IndexOfAnyExcept(ErrorWord) < 0;
        throw Refused(isWord ? $"The server refused the SCRAM exchange: {Encoding.ASCII.GetString(error)}." : "The server refused the SCRAM exchange.");
    }
}
