"""Makes the certificates beside it anew: `python tests/certificates/make.py`, with the package `cryptography`.

They are valid for a hundred years. Keys are RSA's and Ed25519's, whose signatures have one length, so that a run with
TLS has the same shape each time.
"""

from datetime import datetime
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID


def rsa_key():
    """A key of RSA's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


HERE = Path(__file__).parent
FIRST_DAY, LAST_DAY = datetime(2020, 1, 1), datetime(2120, 1, 1)
LEAVES = {
    "server": (rsa_key, ("server", "localhost", "box", "host1")),
    "other": (ed25519.Ed25519PrivateKey.generate, ("other",)),
    "client": (ed25519.Ed25519PrivateKey.generate, ("client",)),
}
"""By the file's name: the key, and the names that the certificate is for; the key is in the file too."""


def begin(subject, issuer, key, *, authority=False):
    """What all certificates have."""
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (subject, issuer)]
    allowed = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    usage = x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, decipher_only=False, **allowed
    )
    return (
        x509.CertificateBuilder(*reversed(names), key.public_key(), x509.random_serial_number(), FIRST_DAY, LAST_DAY)
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def pem(certificate):
    """A certificate as OpenSSL reads it."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def main():
    """Make all of them."""
    issuer, issuer_key = "authority of the tests", rsa_key()
    authority = begin(issuer, issuer, issuer_key, authority=True).sign(issuer_key, hashes.SHA256())
    (HERE / "authority.pem").write_bytes(pem(authority))
    for name, (make_key, hosts) in LEAVES.items():
        key = make_key()
        names = [*map(x509.DNSName, hosts), x509.IPAddress(IPv4Address("127.0.0.1"))]
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        certificate = (
            begin(name, issuer, key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(identifier, critical=False)
            .sign(issuer_key, hashes.SHA256())
        )
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (HERE / f"{name}.pem").write_bytes(key.private_bytes(*form) + pem(certificate))


if __name__ == "__main__":
    main()
