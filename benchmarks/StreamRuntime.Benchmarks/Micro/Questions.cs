namespace StreamRuntime.Benchmarks.Micro;

/// <summary>Something of an object that takes about as long as reading a byte.</summary>
internal interface IQuestion
{
    /// <summary>Asks one of <see cref="Questions.Objects"/> objects.</summary>
    int Ask(int index);
}

/// <summary>
/// Asks so often that the call of the benchmark itself no longer counts, and each time another object, so that the compiler can neither keep an answer
/// in a register nor leave a question out. Every subject runs through this same loop.
/// </summary>
internal static class Questions
{
    /// <summary>Few enough for all of them to stay in the nearest cache.</summary>
    public const int Objects = 64;

    public const int Asked = 16 * Objects;

    public static T[] MakeObjects<T>(Func<T> make)
    {
        var objects = new T[Objects];
        for (int i = 0; i < Objects; i++)
        {
            objects[i] = make();
        }

        return objects;
    }

    public static int AskAll<TQuestion>(TQuestion question)
        where TQuestion : struct, IQuestion
    {
        int answers = 0;
        for (int pass = 0; pass < Asked / Objects; pass++)
        {
            for (int i = 0; i < Objects; i += 8)
            {
                answers += question.Ask(i);
                answers += question.Ask(i + 1);
                answers += question.Ask(i + 2);
                answers += question.Ask(i + 3);
                answers += question.Ask(i + 4);
                answers += question.Ask(i + 5);
                answers += question.Ask(i + 6);
                answers += question.Ask(i + 7);
            }
        }

        return answers;
    }
}
