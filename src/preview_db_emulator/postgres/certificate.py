"""The authority that signs the certificate of the stand-in's TLS end, so that clients which verify can be told whom to trust."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CERTIFICATE, KEY = "ca.pem", "ca.key"
AUTHORITY_LASTS = datetime.timedelta(days=3650)
SERVER_LASTS = datetime.timedelta(days=397)  # the longest that clients accept; it is new on every start


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the emulator's own. ``path`` is its certificate as a PEM file, for clients to trust."""

    path: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, folder: Path, *, kept: bool) -> Authority:
        """Return the authority kept in ``folder``, or a new one with its certificate there; its key is written only if ``kept``."""
        path, key_path = folder / CERTIFICATE, folder / KEY
        if kept and path.exists() and key_path.exists():
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            return cls(path, x509.load_pem_x509_certificate(path.read_bytes()), key)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key)
        if kept:
            key_path.touch(mode=0o600)
            key_path.write_bytes(_pem(key))
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        path.chmod(0o644)
        return cls(path, certificate, key)

    def server_context(self, host: str) -> ssl.SSLContext:
        """Return a server's TLS context with a new certificate for ``host``, ``localhost``, 127.0.0.1 and ::1."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder("preview-db emulator", issuer=self.certificate.subject, key=key, lasts=SERVER_LASTS)
            .add_extension(x509.SubjectAlternativeName(_alternative_names(host)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # OpenSSL's Python binding reads a key from a file only; this one is gone before anything is served.
        with tempfile.NamedTemporaryFile(prefix="preview-db-") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.write(_pem(key))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = "preview-db emulator's authority"
    usage = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "encipher_only", "decipher_only"),
        ),
        False,
    )
    return (
        _builder(name, issuer=_name(name), key=key, lasts=AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _builder(name: str, *, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: datetime.timedelta) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks of containers may be behind
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _alternative_names(host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    addresses = {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}
    try:
        addresses.add(ipaddress.ip_address(host))
    except ValueError:
        if host != "localhost":
            names.append(x509.DNSName(host))
    return names + [x509.IPAddress(address) for address in sorted(addresses, key=str)]
