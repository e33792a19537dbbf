namespace StreamRuntime.TestKit.Conformance;

/// <summary>A source broke a rule of the conformance suite.</summary>
public sealed class ConformanceException : Exception
{
    /// <summary>Makes an exception.</summary>
    /// <param name="rule">The rule's name.</param>
    /// <param name="message">What was seen, and what should have been.</param>
    /// <param name="innerException">What the source failed with, or null.</param>
    public ConformanceException(string rule, string message, Exception? innerException = null)
        : base($"{rule}: {message}", innerException) => Rule = rule;

    /// <summary>The name of the rule that was broken.</summary>
    public string Rule { get; }
}
