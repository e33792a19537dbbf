namespace StreamRuntime.TestKit.Streams;

/// <summary>How a run of bytes is cut into pieces. Positions count from where the segmentation was put to use. Immutable.</summary>
public sealed class Segmentation
{
    private readonly Func<long, int> _upTo;

    private Segmentation(Func<long, int> upTo) => _upTo = upTo;

    /// <summary>No cuts.</summary>
    public static Segmentation Whole { get; } = new(_ => int.MaxValue);

    /// <summary>One cut, before the byte at a position.</summary>
    public static Segmentation SplitAt(long position) =>
        new(at => at < position ? (int)Math.Min(position - at, int.MaxValue) : int.MaxValue);

    /// <summary>Pieces of one size.</summary>
    public static Segmentation Fragments(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        return new(at => bytes - (int)(at % bytes));
    }

    /// <summary>Pieces of the given sizes, over and over.</summary>
    public static Segmentation Sizes(params int[] sizes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sizes.Length);
        long round = sizes.Sum(s => s > 0 ? (long)s : throw new ArgumentOutOfRangeException(nameof(sizes), "A piece has at least one byte."));
        return new(at =>
        {
            long left = at % round;
            int i = 0;
            for (; left >= sizes[i]; i++)
            {
                left -= sizes[i];
            }

            return sizes[i] - (int)left;
        });
    }

    /// <summary>How many of the bytes that are there belong to the piece that goes on at a position; at least one.</summary>
    /// <param name="position">Bytes already passed.</param>
    /// <param name="available">Bytes there, at least one.</param>
    public int Next(long position, int available) => Math.Min(_upTo(position), available);
}
