using StreamRuntime.Cli.Arguments;
using StreamRuntime.Resuming;

namespace StreamRuntime.Cli.Queries;

/// <summary>The key that tokens of <c>--print-token</c> are made with, and those of <c>--resume</c> read.</summary>
internal static class TokenKey
{
    public const string Variable = "STREAMRT_TOKEN_KEY";

    private const int KeyBytes = 32;

    /// <exception cref="UsageException">There is none, or it can't be one.</exception>
    public static ResumeTokenOptions Read(string? path)
    {
        string name = path is null ? Variable : $"--token-key '{path}'";
        string text;
        try
        {
            text = path is null
                ? Environment.GetEnvironmentVariable(Variable) ?? throw new UsageException($"Tokens need a key: --token-key FILE or {Variable}, {KeyBytes} random bytes in base64, as 'openssl rand -base64 {KeyBytes}' makes them.")
                : File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{name}: {failure.Message}");
        }

        byte[] key = new byte[KeyBytes];
        return Convert.TryFromBase64String(text.Trim(), key, out int written) && written == KeyBytes
            ? new ResumeTokenOptions { Protector = new AesGcmTokenProtector(key) }
            : throw new UsageException($"{name} does not hold {KeyBytes} bytes in base64, as 'openssl rand -base64 {KeyBytes}' makes them.");
    }
}
