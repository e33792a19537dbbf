using System.Runtime.InteropServices;

namespace StreamRuntime.Postgres.Authentication;

/// <summary>Unicode normalization form KC over code points.</summary>
/// <remarks>
/// The framework's own does nothing to non-ASCII text in invariant globalization mode, which is how <c>streamrt</c> and most containers
/// run; a password with a micro sign in it would then not match the one PostgreSQL stored. Built on first use; safe from any thread.
/// </remarks>
internal static class CompatibilityNormalization
{
    // Hangul syllables are composed by arithmetic: Unicode Standard, section 3.12.
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, SyllableCount = LeadCount * VowelCount * TrailCount;

    // Values are positions in NormalizationTables.Decomposed, or for a single replacement its complement.
    private static readonly Dictionary<int, int> DecompositionsByCodePoint = ReadDecompositions();
    private static readonly Dictionary<(int, int), int> Compositions = ReadCompositions();
    private static readonly Dictionary<int, int> CombiningClassByCodePoint = ReadCombiningClasses();

    public static List<int> Normalize(List<int> codePoints)
    {
        var text = new List<int>(codePoints.Count);
        foreach (int codePoint in codePoints)
        {
            Decompose(codePoint, text);
        }

        Reorder(text);
        Compose(text);
        return text;
    }

    private static void Decompose(int codePoint, List<int> text)
    {
        int syllable = codePoint - SyllableBase;
        if (syllable is >= 0 and < SyllableCount)
        {
            text.Add(LeadBase + (syllable / (VowelCount * TrailCount)));
            text.Add(VowelBase + (syllable % (VowelCount * TrailCount) / TrailCount));
            if (syllable % TrailCount != 0)
            {
                text.Add(TrailBase + (syllable % TrailCount));
            }
        }
        else if (!DecompositionsByCodePoint.TryGetValue(codePoint, out int position))
        {
            text.Add(codePoint);
        }
        else if (position < 0)
        {
            text.Add(~position);
        }
        else
        {
            int length = NormalizationTables.Decomposed[position] >> 24;
            foreach (int part in NormalizationTables.Decomposed.Slice(position + 1, length))
            {
                text.Add(part);
            }
        }
    }

    /// <summary>Sorts each run of combining marks by class, keeping the order within a class.</summary>
    private static void Reorder(List<int> text)
    {
        // Sorted run by run, not by swapping neighbours: a password of a million marks must not take a trillion steps.
        for (int start = 0; start < text.Count; start++)
        {
            if (CombiningClass(text[start]) == 0)
            {
                continue;
            }

            int end = start + 1;
            while (end < text.Count && CombiningClass(text[end]) != 0)
            {
                end++;
            }

            int[] sorted = [.. text.GetRange(start, end - start).OrderBy(CombiningClass)]; // OrderBy is stable
            sorted.CopyTo(CollectionsMarshal.AsSpan(text)[start..end]);
            start = end;
        }
    }

    private static void Compose(List<int> text)
    {
        int starter = -1;
        int lastClass = -1; // of the last mark kept since the starter; -1 when nothing stands between
        int kept = 0;
        for (int i = 0; i < text.Count; i++)
        {
            int codePoint = text[i];
            int combiningClass = CombiningClass(codePoint);
            if (starter >= 0 && lastClass < combiningClass && TryCompose(text[starter], codePoint, out int composed))
            {
                text[starter] = composed;
                continue;
            }

            if (combiningClass == 0)
            {
                starter = kept;
                lastClass = -1;
            }
            else
            {
                lastClass = combiningClass;
            }

            text[kept++] = codePoint;
        }

        text.RemoveRange(kept, text.Count - kept);
    }

    private static bool TryCompose(int first, int second, out int composed)
    {
        int lead = first - LeadBase;
        int vowel = second - VowelBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
        {
            composed = SyllableBase + (((lead * VowelCount) + vowel) * TrailCount);
            return true;
        }

        int syllable = first - SyllableBase;
        int trail = second - TrailBase;
        if (syllable is >= 0 and < SyllableCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount)
        {
            composed = first + trail;
            return true;
        }

        return Compositions.TryGetValue((first, second), out composed);
    }

    private static int CombiningClass(int codePoint) => CombiningClassByCodePoint.GetValueOrDefault(codePoint);

    private static Dictionary<int, int> ReadDecompositions()
    {
        var positions = new Dictionary<int, int>();
        ReadOnlySpan<int> runs = NormalizationTables.Replaced;
        for (int i = 0; i < runs.Length; i += 3)
        {
            for (int codePoint = runs[i]; codePoint <= runs[i + 1]; codePoint++)
            {
                positions[codePoint] = ~(runs[i + 2] + codePoint - runs[i]);
            }
        }

        ReadOnlySpan<int> sequences = NormalizationTables.Decomposed;
        for (int i = 0; i < sequences.Length; i += 1 + (sequences[i] >> 24))
        {
            positions[sequences[i] & 0xFFFFFF] = i;
        }

        return positions;
    }

    private static Dictionary<(int First, int Second), int> ReadCompositions()
    {
        ReadOnlySpan<int> triples = NormalizationTables.Composed;
        var pairs = new Dictionary<(int, int), int>(triples.Length / 3);
        for (int i = 0; i < triples.Length; i += 3)
        {
            pairs[(triples[i], triples[i + 1])] = triples[i + 2];
        }

        return pairs;
    }

    private static Dictionary<int, int> ReadCombiningClasses()
    {
        var classes = new Dictionary<int, int>();
        ReadOnlySpan<int> runs = NormalizationTables.CombiningClasses;
        for (int i = 0; i < runs.Length; i += 3)
        {
            for (int codePoint = runs[i]; codePoint <= runs[i + 1]; codePoint++)
            {
                classes[codePoint] = runs[i + 2];
            }
        }

        return classes;
    }
}
