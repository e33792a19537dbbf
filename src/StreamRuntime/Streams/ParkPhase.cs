namespace StreamRuntime.Streams;

/// <summary>Where a stream's source is.</summary>
internal enum ParkPhase : byte
{
    /// <summary>Open: the reader's.</summary>
    Open = 0,

    /// <summary>On its way out of the reader's hands, and then being parked.</summary>
    Parking = 1,

    Parked = 2,

    /// <summary>Being opened again, which may mean waiting in line.</summary>
    Opening = 3,
}
