using System.Buffers.Binary;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>What a client says between two queries, with the recorded answer.</summary>
internal sealed record ReplayCommand(string Sql, byte[] Answer)
{
    private const int HeaderBytes = 5;

    /// <summary>The answer to Execute, which describes no rows.</summary>
    public byte[] Executed { get; } = WithoutDescription(Answer);

    /// <summary>Finds a command; null when it was not recorded.</summary>
    public static ReplayCommand? TryFind(string sql, Recording recording) => recording.Commands.TryGetValue(sql, out byte[]? answer) ? new ReplayCommand(sql, answer) : null;

    private static byte[] WithoutDescription(byte[] answer)
    {
        var left = new List<byte>();
        for (int at = 0; at < answer.Length;)
        {
            int length = 1 + BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(at + 1, HeaderBytes - 1));
            if (answer[at] != 'T')
            {
                left.AddRange(answer.AsSpan(at, length));
            }

            at += length;
        }

        return [.. left];
    }
}
