namespace StreamRuntime.Resuming;

/// <summary>How resume tokens are made and read.</summary>
/// <remarks>Immutable and safe to share.</remarks>
public sealed record ResumeTokenOptions
{
    /// <summary>Encrypts and authenticates them. Whoever is to continue a stream needs the same keys.</summary>
    public required IResumeTokenProtector Protector { get; init; }

    /// <summary>How long a token can be used. More than zero, or infinite; 24 h by default.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Says which option is out of range, if one is.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Protector);
        if (TokenLifetime <= TimeSpan.Zero && TokenLifetime != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(TokenLifetime), TokenLifetime, "TokenLifetime must be more than zero, or Timeout.InfiniteTimeSpan.");
        }
    }
}
