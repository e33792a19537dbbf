namespace StreamRuntime.Interleaving.Tests.Scheduling;

/// <summary>The words in which each of some actors has the same number of letters. Safe to draw from several threads.</summary>
internal static class Words
{
    /// <summary>Every word, once: (actors × steps)! ÷ (steps!)^actors of them.</summary>
    public static Func<byte[], bool> All(int actors, int steps)
    {
        var gate = new Lock();
        byte[] word = First(actors, steps);
        bool more = true;
        return into =>
        {
            using Lock.Scope scope = gate.EnterScope();
            if (!more)
            {
                return false;
            }

            word.CopyTo(into, 0);
            more = Advance(word);
            return true;
        };
    }

    /// <summary>Some words, each as likely as any other.</summary>
    public static Func<byte[], bool> Some(int actors, int steps, int count, int seed)
    {
        var gate = new Lock();
        byte[] word = First(actors, steps);
        var random = new Random(seed);
        return into =>
        {
            using Lock.Scope scope = gate.EnterScope();
            if (count-- <= 0)
            {
                return false;
            }

            random.Shuffle(word);
            word.CopyTo(into, 0);
            return true;
        };
    }

    private static byte[] First(int actors, int steps) =>
        [.. Enumerable.Range(0, actors).SelectMany(actor => Enumerable.Repeat((byte)actor, steps))];

    // The next word in dictionary order; false after the last.
    private static bool Advance(byte[] word)
    {
        int left = word.Length - 2;
        while (left >= 0 && word[left] >= word[left + 1])
        {
            left--;
        }

        if (left < 0)
        {
            return false;
        }

        int right = word.Length - 1;
        while (word[right] <= word[left])
        {
            right--;
        }

        (word[left], word[right]) = (word[right], word[left]);
        word.AsSpan(left + 1).Reverse();
        return true;
    }
}
