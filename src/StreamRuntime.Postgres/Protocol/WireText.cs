using System.Buffers;
using System.Text;

namespace StreamRuntime.Postgres.Protocol;

/// <summary>Text on its way to the server: strict UTF-8, counted before it is written and written in pieces.</summary>
internal static class WireText
{
    // Three bytes a character at most: a piece asks the pipe for no more than 48 KB however long the text is.
    private const int PieceChars = 16 * 1024;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text's length in UTF-8. A long, because a string can hold more than 2 GiB of it.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Configuration"/>: half a surrogate pair, which has no UTF-8.</exception>
    public static long CountBytes(ReadOnlySpan<char> text, string what)
    {
        long bytes = 0;
        while (!text.IsEmpty)
        {
            int length = PieceLength(text);
            try
            {
                bytes += Utf8.GetByteCount(text[..length]);
            }
            catch (EncoderFallbackException)
            {
                // The original is dropped, because it quotes the text.
                throw new StreamRuntimeException(ErrorKind.Configuration, $"The {what} holds half a surrogate pair, so it is no valid text.");
            }

            text = text[length..];
        }

        return bytes;
    }

    /// <summary>Writes text that <see cref="CountBytes"/> has accepted.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            int length = PieceLength(text);
            output.Advance(Utf8.GetBytes(text[..length], output.GetSpan(Utf8.GetMaxByteCount(length))));
            text = text[length..];
        }
    }

    // A pair is never cut: a piece that would end on its first half leaves it to the next.
    private static int PieceLength(ReadOnlySpan<char> text) =>
        text.Length <= PieceChars ? text.Length
        : char.IsHighSurrogate(text[PieceChars - 1]) ? PieceChars - 1
        : PieceChars;
}
