using StreamRuntime.Benchmarks.Micro;

namespace StreamRuntime.Benchmarks.Tests.Micro;

public sealed class QuestionsTests
{
    [Fact]
    public void AskAll_AsksEveryObjectEquallyOften()
    {
        int[] asked = new int[Questions.Objects];

        int answers = Questions.AskAll(new Counting(asked));

        Assert.Equal(Questions.Asked, answers);
        Assert.All(asked, a => Assert.Equal(Questions.Asked / Questions.Objects, a));
    }

    private readonly struct Counting(int[] asked) : IQuestion
    {
        public int Ask(int index)
        {
            asked[index]++;
            return 1;
        }
    }
}
