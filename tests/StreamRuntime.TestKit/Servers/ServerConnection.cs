using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.TestKit.Servers;

/// <summary>One accepted TCP connection, as the server's kernel sees it.</summary>
/// <param name="ClientPort">The client's port.</param>
/// <param name="SentBytes">Bytes the server has put on the wire.</param>
/// <param name="QueuedBytes">Bytes the server has written that the client has not acknowledged.</param>
public sealed partial record ServerConnection(int ClientPort, long SentBytes, long QueuedBytes)
{
    /// <summary>The established connections of a port on the loopback address.</summary>
    /// <exception cref="InvalidOperationException">The <c>ss</c> program is missing (Debian's iproute2).</exception>
    public static async Task<IReadOnlyList<ServerConnection>> ListAsync(int serverPort)
    {
        byte[] output = await CommandLine.RunAsync("ss", ["-tinHO", "state", "established", "sport", "=", $":{serverPort}"]);
        return
        [
            .. from line in Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries)
               let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               let sent = SentPattern().Match(line)
               select new ServerConnection(
                   Number<int>(words[3][(words[3].LastIndexOf(':') + 1)..]),
                   sent.Success ? Number<long>(sent.Groups[1].Value) : 0,
                   Number<long>(words[1])),
        ];
    }

    private static T Number<T>(string text)
        where T : INumberBase<T> => T.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\bbytes_sent:(\d+)")]
    private static partial Regex SentPattern();
}
