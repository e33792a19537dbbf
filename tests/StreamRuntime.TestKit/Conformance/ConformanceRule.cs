namespace StreamRuntime.TestKit.Conformance;

/// <summary>One promise that a source makes, and the check of it.</summary>
/// <remarks>Immutable; any number of checks may run at the same time.</remarks>
public sealed class ConformanceRule
{
    // How many waits of a rule may each take all the patience there is.
    private const int Waits = 5;

    private readonly Func<ConformanceRun, Task> _check;

    internal ConformanceRule(string name, SourceAbilities needs, string promise, Func<ConformanceRun, Task> check)
    {
        Name = name;
        Needs = needs;
        Promise = promise;
        _check = check;
    }

    /// <summary>The rule's name, as in <see cref="ConformanceException.Rule"/>.</summary>
    public string Name { get; }

    /// <summary>What a source promises by it.</summary>
    public string Promise { get; }

    /// <summary>What its far side must be able to do, or the rule could prove nothing.</summary>
    public SourceAbilities Needs { get; }

    /// <summary>Whether the rule can be checked with a far side of these abilities.</summary>
    public bool AppliesTo(SourceAbilities abilities) => (abilities & Needs) == Needs;

    /// <summary>Checks the rule.</summary>
    /// <param name="source">The driver.</param>
    /// <exception cref="ConformanceException">The rule is broken; the message says how.</exception>
    /// <exception cref="InvalidOperationException">The rule does not apply to a far side of such abilities.</exception>
    public async Task RunAsync(SourceUnderTest source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!AppliesTo(source.Abilities))
        {
            throw new InvalidOperationException($"{Name} needs {Needs & ~source.Abilities}, which the source under test says its far side has not.");
        }

        var run = new ConformanceRun(Name, source);
        try
        {
            // On another thread: a source may block the one that calls it.
            await Task.Run(() => _check(run)).WaitAsync(source.Patience * Waits);
            await run.CloseAsync();
        }
        catch (Exception failure)
        {
            await run.AbandonAsync();
            throw failure switch
            {
                ConformanceException => failure,
                TimeoutException => new ConformanceException(Name, $"the check has not ended within {source.Patience * Waits}: something waits for ever", failure),
                _ => new ConformanceException(Name, $"{failure.GetType().Name}: {failure.Message}", failure),
            };
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
