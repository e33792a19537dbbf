using System.Security.Cryptography;
using System.Text;
using StreamRuntime.Cli.Arguments;

namespace StreamRuntime.Cli.Serving;

/// <summary>The bearer tokens that are let in. Only their hashes are kept.</summary>
internal sealed class TokenFile
{
    private const int ShortestToken = 16;

    private readonly byte[][] _hashes;

    private TokenFile(byte[][] hashes) => _hashes = hashes;

    /// <exception cref="UsageException">The file can't be read, or holds no token that is hard to guess.</exception>
    public static TokenFile Read(string option, string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{option}: {failure.Message}");
        }

        string[] tokens = [.. lines.Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#')];
        if (tokens.Length == 0)
        {
            throw new UsageException($"{option}: '{path}' holds no token.");
        }

        if (tokens.Any(t => t.Length < ShortestToken))
        {
            throw new UsageException($"{option}: '{path}' holds a token of fewer than {ShortestToken} characters, which can be guessed.");
        }

        return new TokenFile([.. tokens.Select(Hash)]);
    }

    /// <summary>Whether it is one of them; takes as long for one that is not, wherever it differs.</summary>
    public bool Holds(string token)
    {
        byte[] hash = Hash(token);
        bool found = false;
        foreach (byte[] known in _hashes)
        {
            found |= CryptographicOperations.FixedTimeEquals(hash, known);
        }

        return found;
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
