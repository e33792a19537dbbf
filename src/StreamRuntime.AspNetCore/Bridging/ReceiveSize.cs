namespace StreamRuntime.AspNetCore.Bridging;

/// <summary>How large the next receive is: small while little comes, so that an idle session holds little; larger as soon as buffers come back full.</summary>
/// <remarks>A mutable struct, owned by one pump.</remarks>
internal struct ReceiveSize
{
    public const int Smallest = 4 * 1024;
    public const int Largest = 32 * 1024;

    // This many receives in a row that use less than a quarter, and the size is halved.
    private const int SparseReceivesToShrink = 8;

    private int _sparse;

    public ReceiveSize()
    {
        Bytes = Smallest;
    }

    public int Bytes { get; private set; }

    public void Took(int received)
    {
        if (received >= Bytes)
        {
            _sparse = 0;
            Bytes = Math.Min(Bytes * 4, Largest);
        }
        else if (received >= Bytes / 4 || Bytes == Smallest)
        {
            _sparse = 0;
        }
        else if (++_sparse == SparseReceivesToShrink)
        {
            _sparse = 0;
            Bytes = Math.Max(Bytes / 2, Smallest);
        }
    }
}
