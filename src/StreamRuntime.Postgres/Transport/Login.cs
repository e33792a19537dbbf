using System.Globalization;
using System.Text;
using StreamRuntime.Postgres.Authentication;
using StreamRuntime.Postgres.Protocol;

namespace StreamRuntime.Postgres.Transport;

/// <summary>Starts a session on a fresh connection: start-up message, authentication, and the server's report until it is ready.</summary>
/// <remarks>Source of the order of messages: PostgreSQL documentation, "Message Flow", Start-up.</remarks>
internal sealed class Login
{
    private readonly PostgresConnection _connection;
    private readonly PostgresOptions _options;
    private readonly Stream? _tls;
    private ScramSha256Client? _scram;
    private bool _answered;

    private Login(PostgresConnection connection, Stream? tls)
    {
        _connection = connection;
        _options = connection.Options;
        _tls = tls;
    }

    /// <summary>Logs in; the connection is then ready for a query.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="tls">What <see cref="TlsUpgrade"/> gave; null where the connection is not encrypted.</param>
    /// <param name="cancellationToken">Ends the wait; the connection is then of no use.</param>
    public static async Task RunAsync(PostgresConnection connection, Stream? tls, CancellationToken cancellationToken)
    {
        var login = new Login(connection, tls);
        FrontendMessages.StartupMessage(connection.Output, login.StartupParameters());
        await connection.FlushAsync(cancellationToken).ConfigureAwait(false);
        await login.AuthenticateAsync(cancellationToken).ConfigureAwait(false);
        await login.WaitUntilReadyAsync(cancellationToken).ConfigureAwait(false);
    }

    private List<KeyValuePair<string, string>> StartupParameters()
    {
        var parameters = new List<KeyValuePair<string, string>>
        {
            new("user", _options.User),
            new("database", _options.Database ?? _options.User),
            new("client_encoding", "UTF8"),
        };
        Add("application_name", _options.ApplicationName);
        Add("options", _options.SessionOptions);
        Add("statement_timeout", _options.StatementTimeout is { } limit ? ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) : null);
        parameters.AddRange(_options.SessionParameters);
        return parameters;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                parameters.Add(new(name, value));
            }
        }
    }

    private async Task AuthenticateAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await _connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            switch (type)
            {
                case BackendMessageType.Authentication:
                    if (Answer(body.Span))
                    {
                        return;
                    }

                    await _connection.FlushAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case BackendMessageType.ErrorResponse:
                    throw new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
                case BackendMessageType.NoticeResponse:
                    _connection.TryHandleAnytime(type, body.Span);
                    break;
                case BackendMessageType.NegotiateProtocolVersion:
                    BackendMessage.ReadNegotiateProtocolVersion(body.Span);
                    break;
                default:
                    BackendMessage.Unexpected(type, "before authentication is done");
                    break;
            }
        }
    }

    /// <summary>Answers one request; true when the server says that we are in, and we agree.</summary>
    private bool Answer(ReadOnlySpan<byte> body)
    {
        AuthenticationRequestType request = AuthenticationRequest.ReadType(ref body);
        switch (request)
        {
            case AuthenticationRequestType.Ok:
                BackendMessage.CheckEnd(body, BackendMessageType.Authentication);
                CheckAccepted();
                return true;
            case AuthenticationRequestType.ClearTextPassword:
                BackendMessage.CheckEnd(body, BackendMessageType.Authentication);
                BeginMethod(AuthenticationMethods.ClearText, "a clear-text password", "password");
                FrontendMessages.PasswordMessage(_connection.Output, Password());
                return false;
            case AuthenticationRequestType.Md5Password:
                BeginMethod(AuthenticationMethods.Md5, "an MD5 password", "md5");
                FrontendMessages.PasswordMessage(
                    _connection.Output, Md5Password.Compute(_options.User, Password(), AuthenticationRequest.ReadSalt(body)));
                return false;
            case AuthenticationRequestType.Sasl:
                BeginMethod(AuthenticationMethods.ScramSha256, "SCRAM", "scram-sha-256");
                BeginScram(AuthenticationRequest.ReadMechanisms(body));
                return false;
            case AuthenticationRequestType.SaslContinue when _scram is not null:
                FrontendMessages.SaslResponse(_connection.Output, _scram.Respond(body));
                return false;
            case AuthenticationRequestType.SaslFinal when _scram is not null:
                _scram.VerifyFinal(body);
                return false;
            case AuthenticationRequestType.SaslContinue or AuthenticationRequestType.SaslFinal:
                BackendMessage.Violation("a SASL exchange goes on that was never begun");
                return false;
            default:
                throw Refused(Enum.IsDefined(request)
                    ? $"the server asks for {request}, which is not supported"
                    : $"the server asks for the unknown authentication {(int)request}");
        }
    }

    private void BeginMethod(AuthenticationMethods method, string what, string name)
    {
        if (_answered)
        {
            BackendMessage.Violation("a second authentication is begun before the first has ended");
        }

        _answered = true;
        if ((_options.AllowedAuthentication & method) == 0)
        {
            throw Refused($"the server asks for {what}, which the options do not allow (require_auth={name} would)");
        }

        if (_options.ChannelBinding == ChannelBinding.Require && method != AuthenticationMethods.ScramSha256)
        {
            throw Refused($"channel_binding=require, but the server asks for {what}");
        }
    }

    private void BeginScram(List<string> mechanisms)
    {
        byte[]? bindingData = _tls is null ? null : TlsUpgrade.GetChannelBindingData(_tls);
        ScramBinding binding = ScramMechanism.Choose(mechanisms, _options.ChannelBinding, _connection.IsTls, bindingData);
        _scram = new ScramSha256Client(Password(), binding, bindingData, _options.MaxScramIterations);
        FrontendMessages.SaslInitialResponse(_connection.Output, _scram.Mechanism, _scram.CreateFirstMessage());
    }

    private void CheckAccepted()
    {
        if (_scram is { IsVerified: false })
        {
            throw Refused("the server let us in without proving that it knows the password");
        }

        if (!_answered && (_options.AllowedAuthentication & AuthenticationMethods.None) == 0)
        {
            throw Refused("the server asks for no authentication, which the options do not allow");
        }

        if (_options.ChannelBinding == ChannelBinding.Require && _scram?.Mechanism != ScramMechanism.Plus)
        {
            throw Refused("channel_binding=require, but the server let us in without it");
        }
    }

    private string Password() =>
        (_connection.Endpoint.Password ?? _options.Password) is { Length: > 0 } password
            ? password
            : throw Refused("the server asks for a password, and none was given (connection string, PGPASSWORD or password file)");

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            (BackendMessageType type, ReadOnlyMemory<byte> body) = await _connection.ReadMessageAsync(cancellationToken).ConfigureAwait(false);
            switch (type)
            {
                case BackendMessageType.ReadyForQuery:
                    _connection.TakeReadyForQuery(body.Span);
                    _connection.Parameters.RememberLogin();
                    _connection.EndMessage();
                    return;
                case BackendMessageType.BackendKeyData:
                    (_connection.ProcessId, _connection.SecretKey) = BackendMessage.ReadBackendKeyData(body.Span);
                    break;
                case BackendMessageType.ErrorResponse:
                    throw new PostgresServerException(ServerMessageFields.Parse(body.Span, type));
                case BackendMessageType.NegotiateProtocolVersion:
                    BackendMessage.ReadNegotiateProtocolVersion(body.Span);
                    break;
                default:
                    if (!_connection.TryHandleAnytime(type, body.Span))
                    {
                        BackendMessage.Unexpected(type, "while the session starts");
                    }

                    break;
            }
        }
    }

    private StreamRuntimeException Refused(string why) => new(ErrorKind.Authentication, $"Logging in to {_connection.Endpoint} as \"{_options.User}\" was refused: {why}.");
}
