using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Logging.Abstractions;

namespace StreamRuntime.Cli.Serving;

/// <summary>A key ring in a folder that the nodes share, a file a key. The keys are not encrypted there; the folder is made for its owner alone.</summary>
internal sealed class FolderKeyStore(string folder) : IKeyStore
{
    private const string LockName = "lock";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(50);

    private readonly FileSystemXmlRepository _files = new(Make(folder), NullLoggerFactory.Instance);

    public IReadOnlyCollection<XElement> GetAllElements() => _files.GetAllElements();

    public void StoreElement(XElement element, string friendlyName) => _files.StoreElement(element, friendlyName);

    public async Task<IAsyncDisposable> EnterAloneAsync()
    {
        long since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(since) < Patience)
            {
                await Task.Delay(BetweenTries, TimeProvider.System).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw Unusable(folder, failure);
            }
        }
    }

    private static DirectoryInfo Make(string folder)
    {
        try
        {
            return OperatingSystem.IsWindows()
                ? Directory.CreateDirectory(folder)
                : Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unusable(folder, failure);
        }
    }

    private static StreamRuntimeException Unusable(string folder, Exception failure) =>
        new(ErrorKind.Source, $"--resume-keys '{folder}' can't be used: {failure.Message}", failure);
}
