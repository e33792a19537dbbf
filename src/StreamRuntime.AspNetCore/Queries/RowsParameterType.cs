namespace StreamRuntime.AspNetCore.Queries;

/// <summary>What a parameter of a named query is. Values are never renumbered.</summary>
public enum RowsParameterType : byte
{
    /// <summary>A <see cref="string"/>, as it is.</summary>
    Text = 0,

    /// <summary>An <see cref="int"/>.</summary>
    WholeNumber = 1,

    /// <summary>A <see cref="long"/>.</summary>
    LargeNumber = 2,

    /// <summary>A <see cref="decimal"/> with a point and without an exponent.</summary>
    Numeric = 3,

    /// <summary>A finite <see cref="double"/>.</summary>
    FloatingPoint = 4,

    /// <summary>A <see cref="bool"/>: <c>true</c> or <c>false</c>.</summary>
    Boolean = 5,

    /// <summary>A <see cref="DateOnly"/>: <c>2025-12-31</c>.</summary>
    Date = 6,

    /// <summary>A <see cref="DateTimeOffset"/> in ISO 8601, such as <c>2025-12-31T23:59:59.5Z</c>; UTC where no offset is given.</summary>
    Timestamp = 7,

    /// <summary>A <see cref="Guid"/> in its form with hyphens.</summary>
    Uuid = 8,
}
