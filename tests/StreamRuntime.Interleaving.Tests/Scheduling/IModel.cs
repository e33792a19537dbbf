namespace StreamRuntime.Interleaving.Tests.Scheduling;

/// <summary>One run's fresh machine, what each actor does with it, and what must hold. A failed check throws <see cref="ViolationException"/>.</summary>
internal interface IModel
{
    /// <summary>The program of one actor, run on that actor.</summary>
    void Act(int actor);

    /// <summary>Tells the machine's bytes apart.</summary>
    Access KindOf(ref readonly byte location);

    /// <summary>Looks at the machine after each step.</summary>
    void AfterStep(int actor);

    /// <summary>Looks at the machine when nobody can go on.</summary>
    /// <param name="waiting">Bit n: actor n waits for something that nobody is left to bring.</param>
    /// <param name="wasReleased">Whether an actor that waited has been let go by what this check did.</param>
    void AfterRun(int waiting, Func<int, bool> wasReleased);
}

/// <summary>A model to explore.</summary>
/// <param name="Name">What the actors do.</param>
/// <param name="Actors">How many there are.</param>
/// <param name="Steps">Actors begin their operation again until each made this many accesses; 1 for a single operation.</param>
/// <param name="Accesses">The accesses before which actors yield.</param>
/// <param name="Create">Makes the machine of one run.</param>
internal sealed record Scenario(string Name, int Actors, int Steps, Access Accesses, Func<IModel> Create)
{
    public override string ToString() => Name;
}

/// <summary>A promise was broken.</summary>
internal sealed class ViolationException(string message) : Exception(message);
