"""How UnionPay's messages are signed (ACP 5.1.0, signMethod 01): RSA over a hash of all their fields, by certificates on both sides.

Ours lies in a .pfx file. UnionPay sends its own along with each message; it counts when the root and the middle certificates of the
contract stand behind it, none of the three is out of date, and it was made out to UnionPay.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from anju.partners.paying import Forged, require_signature

NAME = "中国银联股份有限公司"
"""To whom UnionPay's certificates are made out."""
TEST_NAME = "00040000:SIGN"
"""To whom those of its test environment are, which has a root of its own."""
METHOD, SIGNATURE, CERTIFICATE = "signMethod", "signature", "signPubKeyCert"
_LONGEST = 8192
_HASHES = (SHA1, SHA256, SHA384, SHA512)
Fields = Mapping[str, str]


def text_of(fields: Fields) -> str:
    """What is signed: every field that has a value, in the order of names."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != SIGNATURE and fields[name])


def _hash(fields: Fields) -> bytes:
    return hashlib.sha256(text_of(fields).encode()).hexdigest().encode()


@dataclass(frozen=True)
class Signer:
    """Our side of a contract. number: of our certificate, by which UnionPay knows it."""

    key: rsa.RSAPrivateKey
    number: int

    @classmethod
    def read(cls, packed: bytes, password: bytes) -> "Signer":
        """From a .pfx file. Raises ValueError."""
        found = pkcs12.load_pkcs12(packed, password)
        if not isinstance(found.key, rsa.RSAPrivateKey) or found.cert is None:
            raise ValueError("a .pfx file without an RSA key and its certificate")
        return cls(found.key, found.cert.certificate.serial_number)

    def sign(self, fields: Fields) -> dict[str, str]:
        """The same fields, signed."""
        named = {**fields, METHOD: "01", "certId": str(self.number)}
        signature = self.key.sign(_hash(named), padding.PKCS1v15(), SHA256())
        return {**named, SIGNATURE: base64.b64encode(signature).decode()}


@dataclass(frozen=True)
class Trust:
    """UnionPay's side: whose certificates are believed. name: to whom they must be made out."""

    roots: Sequence[x509.Certificate]
    middles: Sequence[x509.Certificate]
    name: str = NAME

    @classmethod
    def read(cls, roots: bytes, middles: bytes, name: str = NAME) -> "Trust":
        """From PEM files, in which old and new ones may stand together. Raises ValueError."""
        return cls(x509.load_pem_x509_certificates(roots), x509.load_pem_x509_certificates(middles), name)

    def require(self, fields: Fields, now: datetime | None = None) -> None:
        """UnionPay has signed exactly these fields. Raises Forged."""
        if fields.get(METHOD) != "01":
            raise Forged("another way to sign")
        signature = fields.get(SIGNATURE, "")
        require_signature(signature)
        try:
            key = self._key(fields.get(CERTIFICATE, ""), now or datetime.now(UTC))
        except UnsupportedAlgorithm as error:
            raise Forged("certificate") from error
        try:
            key.verify(base64.b64decode(signature), _hash(fields), padding.PKCS1v15(), SHA256())
        except InvalidSignature as error:
            raise Forged("signature") from error

    def _key(self, text: str, now: datetime) -> rsa.RSAPublicKey:
        if len(text) > _LONGEST:
            raise Forged("certificate")
        try:
            [own] = x509.load_pem_x509_certificates(text.encode())
            names = [str(one.value) for one in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        except ValueError as error:
            raise Forged("certificate") from error
        # The issuer's number, the organisation's code, its name and a serial number stand in one, parted by @.
        if [one.split("@")[2:3] for one in names] != [[self.name]]:
            raise Forged("another's certificate")
        middle = _issuer(own, self.middles, now)
        _issuer(middle, self.roots, now)
        key = own.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or not _in_date(own, now):
            raise Forged("certificate")
        return key


def _issuer(certificate: x509.Certificate, among: Sequence[x509.Certificate], now: datetime) -> x509.Certificate:
    """Who issued it, of those that may and are in date. Raises Forged."""
    for one in among:
        if _in_date(one, now) and _issues(one) and _issued(certificate, one):
            return one
    raise Forged("issuer")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether this one signed it: under its name, with its key. The library's own check takes no SHA-1, which UnionPay's were signed with."""
    key, way = issuer.public_key(), certificate.signature_hash_algorithm
    if certificate.issuer != issuer.subject or not isinstance(key, rsa.RSAPublicKey) or not isinstance(way, _HASHES):
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), way)
    except InvalidSignature:
        return False
    return True


def _in_date(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _issues(certificate: x509.Certificate) -> bool:
    """Whether it may issue others; old roots do not say."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return True
