using System.Data.Common;

namespace StreamRuntime;

/// <summary>Every failure of a row stream and of the connections that carry it.</summary>
/// <remarks>
/// Derives from <see cref="DbException"/>, so that code written for ADO.NET can treat it like any driver's error.
/// Messages hold values and limits, never credentials or row data. Instances are immutable and may be shared between threads.
/// </remarks>
public class StreamRuntimeException : DbException
{
    private readonly bool _isTransient;

    /// <summary>Makes an exception of the given kind.</summary>
    /// <param name="kind">What went wrong.</param>
    /// <param name="message">What happened and what to do about it.</param>
    /// <param name="innerException">The cause, or null.</param>
    /// <param name="isTransient">True when the same call may succeed if it is made again.</param>
    public StreamRuntimeException(ErrorKind kind, string message, Exception? innerException = null, bool isTransient = false)
        : base(message, innerException)
    {
        Kind = kind;
        _isTransient = isTransient;
    }

    /// <summary>What went wrong.</summary>
    public ErrorKind Kind { get; }

    /// <summary>True when the same call may succeed if it is made again (a lost connection, a server that is starting).</summary>
    public override bool IsTransient => _isTransient;
}
