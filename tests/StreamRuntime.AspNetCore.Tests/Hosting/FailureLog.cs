using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace StreamRuntime.AspNetCore.Tests.Hosting;

/// <summary>Keeps every exception that anybody logs as a warning or worse.</summary>
internal sealed class FailureLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<Exception> _failures = new();

    public IReadOnlyList<Exception> Failures => [.. _failures];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && exception is not null)
        {
            _failures.Enqueue(exception);
        }
    }

    public void Dispose()
    {
    }
}
