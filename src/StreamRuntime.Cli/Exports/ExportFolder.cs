using System.Globalization;
using StreamRuntime.Cli.Terminals;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Exports;

/// <summary>The folder of an export, with a file for each backend.</summary>
internal sealed class ExportFolder
{
    private readonly string _path;
    private readonly string _name;
    private readonly string _extension;

    private ExportFolder(string path, string name, string extension)
    {
        _path = path;
        _name = name;
        _extension = extension;
    }

    /// <summary>Makes the folder, if need be.</summary>
    /// <exception cref="DestinationException">It can't be made, or has files of an earlier export, which with fewer backends now would be taken for this one's.</exception>
    public static ExportFolder Open(string path, string table, RowFormat format)
    {
        string name = string.Concat(table.Replace("\"", "", StringComparison.Ordinal).Select(c => Path.GetInvalidFileNameChars().Contains(c) ? '_' : c));
        string extension = format switch { RowFormat.JsonArray => "json", RowFormat.ServerSentEvents => "sse", _ => "ndjson" };
        try
        {
            Directory.CreateDirectory(path);
            string[] earlier = [.. Directory.EnumerateFiles(path, $"{name}-*.{extension}")];
            return earlier.Length == 0
                ? new ExportFolder(path, name, extension)
                : throw new DestinationException($"The folder '{path}' has a file of an earlier export, '{Path.GetFileName(earlier[0])}'. Remove it, or name another folder.");
        }
        catch (Exception failure) when (failure is (IOException and not DestinationException) or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new DestinationException($"The folder '{path}' can't be used: {failure.Message}", cause: failure);
        }
    }

    /// <summary>The file of a backend.</summary>
    /// <param name="number">Its number, from 1.</param>
    public string PathOf(int number) => Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"{_name}-{number}.{_extension}"));
}
