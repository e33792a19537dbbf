using System.Text.Json;
using StreamRuntime.Streams;

namespace StreamRuntime.Cli.Filtering;

/// <summary>Keeps the rows for which all conditions hold.</summary>
internal static class RowFilter
{
    /// <summary>Makes the predicate.</summary>
    /// <exception cref="FormatException">A text is not PATH=VALUE; the message says which and why.</exception>
    public static RowPredicate Make(IReadOnlyList<string> texts)
    {
        RowCondition[] conditions = [.. texts.Select(Parse)];
        return row =>
        {
            try
            {
                foreach (RowCondition condition in conditions)
                {
                    if (!condition.Holds(row))
                    {
                        return false;
                    }
                }

                return true;
            }
            catch (JsonException failure)
            {
                // Not the library's message, which may quote the row.
                throw new StreamRuntimeException(ErrorKind.InvalidRow, $"A row is not valid JSON at byte {failure.BytePositionInLine}, so --where can't look into it.", failure);
            }
        };
    }

    private static RowCondition Parse(string text)
    {
        try
        {
            return RowCondition.Parse(text);
        }
        catch (FormatException failure)
        {
            throw new FormatException($"--where {text}: {failure.Message}.");
        }
    }
}
