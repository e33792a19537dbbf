namespace StreamRuntime.Cli.Arguments;

/// <summary>Finds the word somebody probably meant.</summary>
internal static class Suggestion
{
    /// <summary>The nearest word, or null when none is near.</summary>
    public static string? For(string given, IEnumerable<string> words)
    {
        (string word, int edits) = words.Select(w => (w, Edits(given, w))).MinBy(p => p.Item2);
        return edits <= Math.Max(2, given.Length / 3) ? word : words.FirstOrDefault(w => given.Length > 3 && w.StartsWith(given, StringComparison.Ordinal));
    }

    // Levenshtein's distance, one row of the table at a time.
    private static int Edits(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
