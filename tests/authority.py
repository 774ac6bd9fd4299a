"""A time-stamping authority of our own (RFC 3161), for tests only: its clock is an argument."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from rfc3161_client._rust import parse_timestamp_request

SHA256, ECDSA_SHA256 = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"


def der(tag: int, *parts: bytes) -> bytes:
    """One element of DER: tag, length, content."""
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(value: int) -> bytes:
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    body = bytes([40 * first + second])
    for arc in rest:
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.append(arc & 127 | 128)
        body += bytes(reversed(groups))
    return der(6, body)


def sequence(*parts: bytes) -> bytes:
    return der(0x30, *parts)


def a_set(*parts: bytes) -> bytes:
    return der(0x31, *sorted(parts))


class Authority:
    """A root, a certificate for time stamping signed by it, and answers to requests."""

    def __init__(self, at: datetime, name: str = "Test authority") -> None:
        self.at = at
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._certificate(f"{name} root", self._root_key, f"{name} root")
        self.certificate = self._certificate(name, self._key, f"{name} root")

    @property
    def pem(self) -> bytes:
        """The root, as a user would keep it."""
        return self.root.public_bytes(Encoding.PEM)

    def _certificate(self, subject: str, key: Any, issuer: str) -> x509.Certificate:
        def name(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        is_root = subject == issuer
        built = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.at - timedelta(days=30))
            .not_valid_after(self.at + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        )
        if not is_root:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            built = built.add_extension(usage, critical=True)
        return built.sign(self._root_key, hashes.SHA256())

    def answer(self, request: bytes) -> bytes:
        """A granted ``TimeStampResp`` for the DER request."""
        info = self._info(request)
        certificate = self.certificate.public_bytes(Encoding.DER)
        algorithm = sequence(oid(SHA256))
        signed_parts = (
            sequence(oid(CONTENT_TYPE), a_set(oid(TST_INFO))),
            sequence(oid(DIGEST), a_set(der(4, hashlib.sha256(info).digest()))),
            sequence(
                oid(SIGNING_CERTIFICATE),
                a_set(sequence(sequence(sequence(der(4, hashlib.sha256(certificate).digest()))))),
            ),
        )
        attributes = a_set(*signed_parts)
        signature = self._key.sign(attributes, ec.ECDSA(hashes.SHA256()))
        signer = sequence(
            integer(1),
            sequence(
                self.certificate.issuer.public_bytes(), integer(self.certificate.serial_number)
            ),
            algorithm,
            b"\xa0" + attributes[1:],
            sequence(oid(ECDSA_SHA256)),
            der(4, signature),
        )
        signed = sequence(
            integer(3),
            a_set(algorithm),
            sequence(oid(TST_INFO), der(0xA0, der(4, info))),
            der(0xA0, certificate),
            a_set(signer),
        )
        token = sequence(oid(SIGNED_DATA), der(0xA0, signed))
        return sequence(sequence(integer(0)), token)

    def _info(self, request: bytes) -> bytes:
        asked = parse_timestamp_request(request)
        return sequence(
            integer(1),
            oid("1.2.3.4.1"),
            sequence(sequence(oid(SHA256)), der(4, asked.message_imprint.message)),
            integer(7),
            der(0x18, f"{self.at.astimezone(UTC):%Y%m%d%H%M%SZ}".encode()),
            integer(asked.nonce),
        )
