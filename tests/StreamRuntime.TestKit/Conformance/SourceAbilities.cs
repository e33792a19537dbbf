namespace StreamRuntime.TestKit.Conformance;

/// <summary>What the far side of a source under test can be made to do, and what can be seen of it. A rule runs only where it can prove something.</summary>
[Flags]
public enum SourceAbilities
{
    /// <summary>The far side sends rows of one size, as many as asked for, and nothing else: a generator.</summary>
    None = 0,

    /// <summary>The far side sends any rows it is given, of any sizes (<see cref="SourceScript.Rows"/>).</summary>
    AnyRows = 1,

    /// <summary>The driver has a null of its own for a whole row, which becomes the JSON value <c>null</c>.</summary>
    NullRows = 2,

    /// <summary>The far side can fail in mid-result (<see cref="SourceScript.Failure"/>).</summary>
    Failures = 4,

    /// <summary>The far side can fall silent in mid-result (<see cref="SourceScript.SilentAfter"/>) until it is told to go on (<see cref="OpenedSource.GoOn"/>).</summary>
    Silence = 8,

    /// <summary>Every receive from the far side is seen (<see cref="OpenedSource.Receives"/>).</summary>
    SeesReceives = 16,

    /// <summary>It is seen when the far side has been let go (<see cref="OpenedSource.IsLetGo"/>).</summary>
    SeesLettingGo = 32,

    /// <summary>All of them, which a driver that talks to a server should have.</summary>
    All = AnyRows | NullRows | Failures | Silence | SeesReceives | SeesLettingGo,
}
