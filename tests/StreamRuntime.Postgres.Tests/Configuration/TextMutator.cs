using System.Text;

namespace StreamRuntime.Postgres.Tests.Configuration;

/// <summary>Changes texts a little, the same way for the same seed.</summary>
internal sealed class TextMutator(int seed)
{
    private static readonly string[] Pieces =
    [
        "@", ":", "/", "?", "&", "=", ",", "%", "%2F", "%00", "%41", "%ff", "[", "]", "'", "\\", " ", "\t", "\n", "#", "*", "!", "-", "0", "9",
        "99999999999", "host=", "user=", "\u00E9", "\uD83D\uDE00", "x", "true", "ssl", "localhost", "postgres://", "port=0",
    ];

    private readonly Random _random = new(seed);

    public string Mutate(string[] texts)
    {
        var text = new StringBuilder(texts[_random.Next(texts.Length)]);
        for (int count = _random.Next(1, 5); count > 0; count--)
        {
            int at = _random.Next(text.Length + 1);
            switch (_random.Next(4))
            {
                case 0:
                    text.Insert(at, Pieces[_random.Next(Pieces.Length)]);
                    break;
                case 1:
                    text.Remove(at, Math.Min(_random.Next(1, 4), text.Length - at));
                    break;
                case 2 when at < text.Length:
                    text[at] = (char)_random.Next(1, 127);
                    break;
                default:
                    string other = texts[_random.Next(texts.Length)];
                    int from = _random.Next(other.Length + 1);
                    text.Insert(at, other.AsSpan(from, _random.Next(other.Length - from + 1)));
                    break;
            }
        }

        // Half a surrogate pair is no text; libpq would get a replacement for it.
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
