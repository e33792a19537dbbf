namespace StreamRuntime.TestKit.Servers;

/// <summary>The client did something the script did not expect.</summary>
public sealed class ScriptException(string message) : Exception(message);

/// <summary>The script is over early, as it should be: the connection was cut, or was a cancel request.</summary>
internal sealed class ScriptOverException() : Exception("This connection's script is over.");
