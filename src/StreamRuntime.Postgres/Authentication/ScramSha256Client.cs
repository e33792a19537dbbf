using System.Security.Cryptography;
using System.Text;

namespace StreamRuntime.Postgres.Authentication;

/// <summary>The client's side of one SCRAM-SHA-256 or SCRAM-SHA-256-PLUS exchange (RFC 5802, RFC 7677); no I/O.</summary>
/// <remarks>
/// Used once, by one thread, in the order <see cref="CreateFirstMessage"/>, <see cref="Respond"/>, <see cref="VerifyFinal"/>. The server has
/// proved that it knows the password only when <see cref="IsVerified"/>: a caller that is told "authentication ok" before must hang up.
/// Everything a server can make expensive is checked before it is computed.
/// </remarks>
internal sealed class ScramSha256Client
{
    public const int MaxSaltBytes = 1024;

    // PostgreSQL sends about a hundred bytes. This leaves room for a full salt and a long nonce.
    public const int MaxMessageBytes = 4096;

    private const int NonceBytes = 18; // as PostgreSQL: 24 characters, and base64 needs no padding
    private const int KeyBytes = SHA256.HashSizeInBytes;

    private readonly string _password;
    private readonly string _userName;
    private readonly string _header;
    private readonly byte[] _bindingData;
    private readonly int _maxIterations;
    private readonly string _nonce;
    private readonly byte[] _serverSignature = new byte[KeyBytes];
    private ScramState _state;

    /// <param name="password">The password, in clear.</param>
    /// <param name="binding">As <see cref="ScramMechanism.Choose"/> answered.</param>
    /// <param name="bindingData">Used with <see cref="ScramBinding.ServerEndPoint"/> only, and needed there.</param>
    /// <param name="maxIterations">The most iterations to compute; 1 or more.</param>
    /// <param name="nonce">Makes our nonce, printable ASCII without commas; null for a random one.</param>
    /// <param name="userName">Empty for PostgreSQL, which takes the name from the start-up message and ignores this one.</param>
    public ScramSha256Client(
        string password, ScramBinding binding, byte[]? bindingData, int maxIterations, Func<string>? nonce = null, string userName = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxIterations, 1);
        if (binding == ScramBinding.ServerEndPoint && bindingData is not { Length: > 0 })
        {
            throw new ArgumentException("Binding to the server's end point needs its data.", nameof(bindingData));
        }

        _password = password;
        _userName = userName.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal);
        _maxIterations = maxIterations;
        _nonce = nonce?.Invoke() ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceBytes));
        Mechanism = binding == ScramBinding.ServerEndPoint ? ScramMechanism.Plus : ScramMechanism.Plain;
        (_header, _bindingData) = binding switch
        {
            ScramBinding.ServerEndPoint => ("p=tls-server-end-point,,", bindingData!),
            ScramBinding.NotOffered => ("y,,", []),
            _ => ("n,,", Array.Empty<byte>()),
        };
    }

    /// <summary>The mechanism's name, to be sent with the first message.</summary>
    public string Mechanism { get; }

    /// <summary>True once the server has proved that it knows the password.</summary>
    public bool IsVerified => _state == ScramState.Verified;

    private string FirstMessageBare => $"n={_userName},r={_nonce}";

    /// <summary>The client-first-message.</summary>
    public byte[] CreateFirstMessage()
    {
        Move(ScramState.Created, ScramState.FirstMessageMade);
        return Encoding.UTF8.GetBytes(_header + FirstMessageBare);
    }

    /// <summary>Checks the server-first-message and answers it with our proof.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Authentication"/>: malformed, not an answer to our message, or too expensive.</exception>
    public byte[] Respond(ReadOnlySpan<byte> serverFirst)
    {
        Move(ScramState.FirstMessageMade, ScramState.Failed); // unless we come to the end
        if (serverFirst.Length > MaxMessageBytes)
        {
            throw ScramMessage.Refused($"The server's first SCRAM message has {serverFirst.Length} bytes, more than {MaxMessageBytes}.");
        }

        var message = new ScramMessage(serverFirst, "server's first SCRAM message");
        string nonce = ReadNonce(message.Read('r'));
        byte[] salt = message.Decode(message.Read('s'), 's', MaxSaltBytes);
        int iterations = ReadIterations(message.Read('i'));
        message.ReadEnd();
        if (salt.Length == 0)
        {
            throw ScramMessage.Refused("The server's salt is empty.");
        }

        string unproven = $"c={Convert.ToBase64String([.. Encoding.ASCII.GetBytes(_header), .. _bindingData])},r={nonce}";
        byte[] signed = [.. Encoding.UTF8.GetBytes(FirstMessageBare), (byte)',', .. serverFirst, (byte)',', .. Encoding.ASCII.GetBytes(unproven)];
        string proof = Convert.ToBase64String(ComputeProof(salt, iterations, signed));
        _state = ScramState.ProofMade;
        return Encoding.ASCII.GetBytes($"{unproven},p={proof}");
    }

    /// <summary>Checks the server-final-message: the server's own proof that it knows the password.</summary>
    /// <exception cref="StreamRuntimeException">Kind <see cref="ErrorKind.Authentication"/>: malformed, an error, or not the signature of who knows the password.</exception>
    public void VerifyFinal(ReadOnlySpan<byte> serverFinal)
    {
        Move(ScramState.ProofMade, ScramState.Failed); // unless we come to the end
        var message = new ScramMessage(serverFinal, "server's final SCRAM message");
        byte[] signature = message.Decode(message.Read('v'), 'v', KeyBytes);
        message.ReadEnd();
        if (!CryptographicOperations.FixedTimeEquals(signature, _serverSignature))
        {
            throw ScramMessage.Refused("The server's SCRAM signature is wrong: it does not know the password, so it is not the server it should be.");
        }

        _state = ScramState.Verified;
    }

    private void Move(ScramState from, ScramState to)
    {
        if (_state != from)
        {
            _state = ScramState.Failed;
            throw ScramMessage.Refused("A SCRAM message came out of turn.");
        }

        _state = to;
    }

    private string ReadNonce(ReadOnlySpan<byte> nonce)
    {
        if (nonce.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) >= 0)
        {
            throw ScramMessage.Refused("The server's nonce holds characters it may not.");
        }

        string text = Encoding.ASCII.GetString(nonce);
        return text.StartsWith(_nonce, StringComparison.Ordinal) && text.Length > _nonce.Length
            ? text
            : throw ScramMessage.Refused("The server's nonce does not extend ours: this is not an answer to our message.");
    }

    private int ReadIterations(ReadOnlySpan<byte> digits)
    {
        if (digits.IsEmpty || digits[0] == '0' || digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0)
        {
            throw ScramMessage.Refused("The server's iteration count is not a positive number.");
        }

        // Ten digits are more than any ceiling, and fewer always fit.
        return digits.Length < 10 && int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture) is var count && count <= _maxIterations
            ? count
            : throw ScramMessage.Refused($"The server asks for more SCRAM iterations than the {_maxIterations} we allow (scram_max_iterations).");
    }

    private byte[] ComputeProof(byte[] salt, int iterations, byte[] signed)
    {
        byte[] password = SaslPrep.Prepare(_password);
        Span<byte> salted = stackalloc byte[KeyBytes];
        Span<byte> clientKey = stackalloc byte[KeyBytes];
        Span<byte> storedKey = stackalloc byte[KeyBytes];
        Span<byte> serverKey = stackalloc byte[KeyBytes];
        try
        {
            Rfc2898DeriveBytes.Pbkdf2(password, salt, salted, iterations, HashAlgorithmName.SHA256);
            HMACSHA256.HashData(salted, "Client Key"u8, clientKey);
            SHA256.HashData(clientKey, storedKey);
            HMACSHA256.HashData(salted, "Server Key"u8, serverKey);
            HMACSHA256.HashData(serverKey, signed, _serverSignature);

            byte[] proof = HMACSHA256.HashData(storedKey, signed);
            for (int i = 0; i < proof.Length; i++)
            {
                proof[i] ^= clientKey[i];
            }

            return proof;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(password);
            CryptographicOperations.ZeroMemory(salted);
            CryptographicOperations.ZeroMemory(clientKey);
            CryptographicOperations.ZeroMemory(storedKey);
            CryptographicOperations.ZeroMemory(serverKey);
        }
    }
}
