using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace StreamRuntime.Postgres.Authentication;

/// <summary>What SCRAM binds to the TLS channel: <c>tls-server-end-point</c> of RFC 5929.</summary>
internal static class ChannelBindingData
{
    private const string RsaPss = "1.2.840.113549.1.1.10";

    /// <summary>
    /// The hash of the server's certificate, or null where the RFC defines none: the signature uses no hash (Ed25519), two different
    /// ones (some RSA-PSS), or one this platform does not have. Binding is then not possible.
    /// </summary>
    public static byte[]? FromCertificate(X509Certificate2 certificate)
    {
        ReadOnlySpan<byte> encoded = certificate.RawDataMemory.Span;
        string? signature = certificate.SignatureAlgorithm.Value;
        HashAlgorithmName? hash = signature == RsaPss ? PssHash(certificate.RawDataMemory) : SignatureHash(signature);
        return hash?.Name switch
        {
            // RFC 5929, section 4.1: the broken ones are replaced, whatever the certificate was signed with.
            "MD5" or "SHA1" or "SHA256" => SHA256.HashData(encoded),
            "SHA384" => SHA384.HashData(encoded),
            "SHA512" => SHA512.HashData(encoded),
            _ => null,
        };
    }

    private static HashAlgorithmName? SignatureHash(string? oid) => oid switch
    {
        "1.2.840.113549.1.1.4" => HashAlgorithmName.MD5,            // RSA
        "1.2.840.113549.1.1.5" => HashAlgorithmName.SHA1,
        "1.2.840.113549.1.1.11" => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.12" => HashAlgorithmName.SHA384,
        "1.2.840.113549.1.1.13" => HashAlgorithmName.SHA512,
        "1.2.840.10045.4.1" => HashAlgorithmName.SHA1,              // ECDSA
        "1.2.840.10045.4.3.2" => HashAlgorithmName.SHA256,
        "1.2.840.10045.4.3.3" => HashAlgorithmName.SHA384,
        "1.2.840.10045.4.3.4" => HashAlgorithmName.SHA512,
        "1.2.840.10040.4.3" => HashAlgorithmName.SHA1,              // DSA
        "2.16.840.1.101.3.4.3.2" => HashAlgorithmName.SHA256,
        "2.16.840.1.101.3.4.3.3" => HashAlgorithmName.SHA384,
        "2.16.840.1.101.3.4.3.4" => HashAlgorithmName.SHA512,
        _ => null,
    };

    private static HashAlgorithmName? DigestHash(string oid) => oid switch
    {
        "1.3.14.3.2.26" => HashAlgorithmName.SHA1,
        "2.16.840.1.101.3.4.2.1" => HashAlgorithmName.SHA256,
        "2.16.840.1.101.3.4.2.2" => HashAlgorithmName.SHA384,
        "2.16.840.1.101.3.4.2.3" => HashAlgorithmName.SHA512,
        _ => null,
    };

    /// <summary>RSASSA-PSS-params of RFC 4055: the hash, and the mask's hash, both SHA-1 unless they are given. Null unless they agree.</summary>
    private static HashAlgorithmName? PssHash(ReadOnlyMemory<byte> certificate)
    {
        try
        {
            AsnReader fields = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
            fields.ReadEncodedValue(); // what was signed
            AsnReader algorithm = fields.ReadSequence();
            algorithm.ReadObjectIdentifier();
            AsnReader parameters = algorithm.ReadSequence();

            HashAlgorithmName? hash = HashAlgorithmName.SHA1;
            HashAlgorithmName? maskHash = HashAlgorithmName.SHA1;
            var hashTag = new Asn1Tag(TagClass.ContextSpecific, 0);
            var maskTag = new Asn1Tag(TagClass.ContextSpecific, 1);
            if (parameters.HasData && parameters.PeekTag().HasSameClassAndValue(hashTag))
            {
                hash = DigestHash(parameters.ReadSequence(hashTag).ReadSequence().ReadObjectIdentifier());
            }

            if (parameters.HasData && parameters.PeekTag().HasSameClassAndValue(maskTag))
            {
                AsnReader mask = parameters.ReadSequence(maskTag).ReadSequence();
                mask.ReadObjectIdentifier();
                maskHash = DigestHash(mask.ReadSequence().ReadObjectIdentifier());
            }

            return hash == maskHash ? hash : null;
        }
        catch (AsnContentException)
        {
            return null; // parameters we cannot read are parameters we cannot bind to
        }
    }
}
