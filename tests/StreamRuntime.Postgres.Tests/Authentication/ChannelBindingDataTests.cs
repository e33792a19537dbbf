using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StreamRuntime.Postgres.Authentication;

namespace StreamRuntime.Postgres.Tests.Authentication;

public sealed class ChannelBindingDataTests
{
    // Made with openssl; .NET signs with none of these.
    private const string Md5Rsa = 
        "MIIB9jCCAV+gAwIBAgIUCFCibc8OPrtPdjyiejVksdIm7FcwDQYJKoZIhvcNAQEEBQAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjAxNDA3MjNaGA8yMTI2MTAy"
        + "NzE0MDcyM1owDDEKMAgGA1UEAwwBdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEArL1jAZmAze3+P4Uw3fcjdRzWpCd1O+bW1PmtqTaBDA/dkyIuPImW"
        + "s1LHGYEh3/7XoSfX6wHKrrC/7afTz/MLoMdCEiMhTgVKSq3nafJEPJYSiEjasosEB6jRYtpBvHcZZRJj3sFcWfbvgPhCinO0nUPqxQOfh4FDhoBkCkxyvokC"
        + "AwEAAaNTMFEwHQYDVR0OBBYEFOdvd5bMgenodnrtG4HIYdiFYmMxMB8GA1UdIwQYMBaAFOdvd5bMgenodnrtG4HIYdiFYmMxMA8GA1UdEwEB/wQFMAMBAf8w"
        + "DQYJKoZIhvcNAQEEBQADgYEAjm/bcSkZ9ryfscjv19woCq2l8Kai/J7L0TrOruwO1fuhbIhnm8VggKjFScGI+wo/Hs8H+Ow20amq4EitX81Aecspll2ksGb6"
        + "rb6J+HBbWG/qwHKTBIrHOiVNqvH9T5BqD8La58hEKBj36RLYCsdRjBgFsirLo0A6jRvp6x1rj2A=";
    private const string Sha1Rsa =
        "MIIB9jCCAV+gAwIBAgIUeM7IMlhPTyB0l83io2lsVJRLcYMwDQYJKoZIhvcNAQEFBQAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjAxNDA3MjNaGA8yMTI2MTAy"
        + "NzE0MDcyM1owDDEKMAgGA1UEAwwBdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEArL1jAZmAze3+P4Uw3fcjdRzWpCd1O+bW1PmtqTaBDA/dkyIuPImW"
        + "s1LHGYEh3/7XoSfX6wHKrrC/7afTz/MLoMdCEiMhTgVKSq3nafJEPJYSiEjasosEB6jRYtpBvHcZZRJj3sFcWfbvgPhCinO0nUPqxQOfh4FDhoBkCkxyvokC"
        + "AwEAAaNTMFEwHQYDVR0OBBYEFOdvd5bMgenodnrtG4HIYdiFYmMxMB8GA1UdIwQYMBaAFOdvd5bMgenodnrtG4HIYdiFYmMxMA8GA1UdEwEB/wQFMAMBAf8w"
        + "DQYJKoZIhvcNAQEFBQADgYEAqK9qzB4wHXSngcS1/i7UENco8Ssfj6xlwDuhe+wFPlNsmkfqCvs3KQRdzCrYSK7jbCroaw8CzCvFPukFZfVNg164TBlvZk41"
        + "kW8OKWhfa943Stzb9tt6To+G97QwtOpTS9iyumkubLckNID5uln01bZdHoZ89Qyv3AA50/oiljU=";
    private const string Ed25519 = 
        "MIIBLjCB4aADAgECAhQoNe73E3IcbnM+aJu++hsxnjC9HzAFBgMrZXAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjAxNDA3MjNaGA8yMTI2MTAyNzE0MDcyM1ow"
        + "DDEKMAgGA1UEAwwBdDAqMAUGAytlcAMhAKDFEfl8Vr5URJSSjMxvAnSXq1FMgk08wX9Xmqj4KuNRo1MwUTAdBgNVHQ4EFgQUHIfa1t+I6sjlM6QHex8tWpY7"
        + "BjYwHwYDVR0jBBgwFoAUHIfa1t+I6sjlM6QHex8tWpY7BjYwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQB1m/juJS/bz56s53KvQNYSPHsZBzNsy1pAHHw2"
        + "CGB9yot62MEchBHobIh47LTuW4EvVHc+APjR7ZVihAXSzSYC";
    private const string PssSha1 = 
        "MIIB9jCCAV+gAwIBAgIUJhkHidleTJkIvbSDpElwPx+DpDwwDQYJKoZIhvcNAQEKMAAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjAxNDA3MjNaGA8yMTI2MTAy"
        + "NzE0MDcyM1owDDEKMAgGA1UEAwwBdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEArL1jAZmAze3+P4Uw3fcjdRzWpCd1O+bW1PmtqTaBDA/dkyIuPImW"
        + "s1LHGYEh3/7XoSfX6wHKrrC/7afTz/MLoMdCEiMhTgVKSq3nafJEPJYSiEjasosEB6jRYtpBvHcZZRJj3sFcWfbvgPhCinO0nUPqxQOfh4FDhoBkCkxyvokC"
        + "AwEAAaNTMFEwHQYDVR0OBBYEFOdvd5bMgenodnrtG4HIYdiFYmMxMB8GA1UdIwQYMBaAFOdvd5bMgenodnrtG4HIYdiFYmMxMA8GA1UdEwEB/wQFMAMBAf8w"
        + "DQYJKoZIhvcNAQEKMAADgYEAg3Q6IzYsT0ZGFnaZVm2YIxmdF1ehCKutseNRI+O7oQg5AcGkICsxHR5rCGMZnAd8MZQPLNCAik+2ca+nFuLG501a4sGSdrop"
        + "1u4zyNdVLYGK0Jd8mcaYTdcnNRK8GQFYYSaDivF2GdRxihpgP8T2YKBA07lDgkHMUhoTHV2LOXM=";
    private const string PssMixedHashes = 
        "MIICVDCCAY6gAwIBAgIUckVxif4JIs6s8P4PrxWstzRlxEMwPAYJKoZIhvcNAQEKMC+gDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgB"
        + "ZQMEAgEFADAMMQowCAYDVQQDDAF0MCAXDTI2MTEyMDE0MDcyM1oYDzIxMjYxMDI3MTQwNzIzWjAMMQowCAYDVQQDDAF0MIGfMA0GCSqGSIb3DQEBAQUAA4GN"
        + "ADCBiQKBgQCsvWMBmYDN7f4/hTDd9yN1HNakJ3U75tbU+a2pNoEMD92TIi48iZazUscZgSHf/tehJ9frAcqusL/tp9PP8wugx0ISIyFOBUpKredp8kQ8lhKI"
        + "SNqyiwQHqNFi2kG8dxllEmPewVxZ9u+A+EKKc7SdQ+rFA5+HgUOGgGQKTHK+iQIDAQABo1MwUTAdBgNVHQ4EFgQU5293lsyB6eh2eu0bgchh2IViYzEwHwYD"
        + "VR0jBBgwFoAU5293lsyB6eh2eu0bgchh2IViYzEwDwYDVR0TAQH/BAUwAwEB/zA8BgkqhkiG9w0BAQowL6APMA0GCWCGSAFlAwQCAgUAoRwwGgYJKoZIhvcN"
        + "AQEIMA0GCWCGSAFlAwQCAQUAA4GBAEpklmzwIOTMOLvU/admYPaF2LwtwWLUGF+Jkaq7pqld6ei8JWX2FKAL/bbQQelhN8XwNu4F4Lz0c6Y6yH8MklxbI8H2"
        + "dX8LmkVuwXObr5F8rppRE/yEjY84XPfdYJ7SQX5+dM+mEIQC780T7jSTXOJlspAPCIKCeax154gG1emA";

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void FromCertificate_SoundHash_UsesTheSignatures(string hashName)
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var hash = new HashAlgorithmName(hashName);
        CertificateRequest[] requests =
        [
            new("CN=test", rsa, hash, RSASignaturePadding.Pkcs1),
            new("CN=test", ecdsa, hash),
            new("CN=test", rsa, hash, RSASignaturePadding.Pss),
        ];
        Assert.All(requests, request =>
        {
            using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
            Assert.Equal(Hash(hashName, certificate.RawData), ChannelBindingData.FromCertificate(certificate));
        });
    }

    [Theory]
    [InlineData(Md5Rsa)]
    [InlineData(Sha1Rsa)]
    [InlineData(PssSha1)]
    public void FromCertificate_BrokenHash_UsesSha256(string encoded)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(encoded));
        Assert.Equal(SHA256.HashData(certificate.RawData), ChannelBindingData.FromCertificate(certificate));
    }

    [Theory]
    [InlineData(Ed25519)]
    [InlineData(PssMixedHashes)]
    public void FromCertificate_Undefined_IsNull(string encoded)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(encoded));
        Assert.Null(ChannelBindingData.FromCertificate(certificate));
    }

    private static byte[] Hash(string name, byte[] data) => name switch
    {
        "SHA256" => SHA256.HashData(data),
        "SHA384" => SHA384.HashData(data),
        _ => SHA512.HashData(data),
    };
}
