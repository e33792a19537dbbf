using Microsoft.Extensions.Options;

namespace StreamRuntime.DependencyInjection.Configuration;

/// <summary>Finds out at the host's start which option of its streams is out of range.</summary>
internal sealed class StreamRuntimeValidation : IValidateOptions<StreamRuntimeOptions>
{
    public ValidateOptionsResult Validate(string? name, StreamRuntimeOptions options)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(options.Streams);
            options.Streams.Validate();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException failure)
        {
            return ValidateOptionsResult.Fail($"AddStreamRuntime: Streams: {failure.Message}");
        }
    }
}
