using StreamRuntime.Benchmarks.Measuring;
using StreamRuntime.Benchmarks.Suites;
using StreamRuntime.TestKit.Servers;

namespace StreamRuntime.Benchmarks.Replay;

/// <summary>The recording on disk, so that only the first run needs a PostgreSQL.</summary>
internal static class RecordingFile
{
    // About a megabyte of each: it stays in the cache of the processor that sends it.
    private const int Rows = 4096;
    private const int LargeRows = 512;

    // Raised when the same SQL is recorded in another way.
    private const int FormatVersion = 1;

    private static string FilePath => Path.Combine(Repository.Root, "artifacts", "replay", "json-rows.recording");

    /// <summary>What the recording is of. One of anything else is made anew.</summary>
    private static string Contents => $"{FormatVersion}\n{JsonTables.CreateSql(Rows, LargeRows)}\n{string.Join('\n', Recorder.Commands)}\n{string.Join('\n', Recorder.Types.Select(type => JsonTables.Query(type)))}";

    /// <summary>The recording of an earlier run; made now, with a PostgreSQL started for it, where there is none.</summary>
    /// <exception cref="InvalidOperationException">There is none, and PostgreSQL can't be started.</exception>
    public static async Task<Recording> LoadAsync()
    {
        if (TryRead(FilePath) is { } earlier)
        {
            return earlier;
        }

        await Console.Error.WriteLineAsync("recording what a PostgreSQL sends");
        await using PostgresCluster cluster = await JsonTables.StartAsync(Rows, LargeRows);
        Recording recording = await Recorder.RecordAsync(cluster);
        Write(FilePath, recording);
        return recording;
    }

    /// <summary>Reads a recording; null where there is none, or one of something else.</summary>
    internal static Recording? TryRead(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var reader = new BinaryReader(File.OpenRead(path));
        try
        {
            return reader.ReadString() == Contents ? Read(reader) : null;
        }
        catch (Exception failure) when (failure is EndOfStreamException or InvalidDataException or FormatException)
        {
            // Not one of ours, or cut short. A new one takes its place.
            return null;
        }
    }

    internal static void Write(string path, Recording recording)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // Moved into place when it is whole: another run may look for it meanwhile.
        string unfinished = $"{path}.{Environment.ProcessId}";
        using (var writer = new BinaryWriter(File.Create(unfinished)))
        {
            writer.Write(Contents);
            writer.Write(recording.ServerVersion);
            WriteBytes(writer, recording.Parameters);
            writer.Write(recording.Commands.Count);
            foreach ((string sql, byte[] answer) in recording.Commands)
            {
                writer.Write(sql);
                WriteBytes(writer, answer);
            }

            writer.Write(recording.Queries.Count);
            foreach (RecordedQuery query in recording.Queries)
            {
                writer.Write(query.Type);
                WriteBytes(writer, query.Description);
                foreach (RecordedRows rows in (RecordedRows[])[query.Text, query.Binary])
                {
                    WriteBytes(writer, rows.Description);
                    WriteBytes(writer, rows.Messages);
                }
            }
        }

        File.Move(unfinished, path, overwrite: true);
    }

    private static Recording Read(BinaryReader from)
    {
        string version = from.ReadString();
        byte[] parameters = ReadBytes(from);
        Dictionary<string, byte[]> commands = [];
        for (int left = from.ReadInt32(); left > 0; left--)
        {
            commands.Add(from.ReadString(), ReadBytes(from));
        }

        var queries = new RecordedQuery[from.ReadInt32()];
        for (int i = 0; i < queries.Length; i++)
        {
            queries[i] = new RecordedQuery(from.ReadString(), ReadBytes(from), ReadRows(from), ReadRows(from));
        }

        return new Recording(version, parameters, commands, queries);
    }

    private static RecordedRows ReadRows(BinaryReader from) => new(ReadBytes(from), ReadBytes(from));

    private static void WriteBytes(BinaryWriter to, byte[] bytes)
    {
        to.Write(bytes.Length);
        to.Write(bytes);
    }

    private static byte[] ReadBytes(BinaryReader from)
    {
        int length = from.ReadInt32();
        byte[] bytes = from.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }
}
