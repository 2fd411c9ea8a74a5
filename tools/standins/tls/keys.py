"""Private keys."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from tools.standins.provider import Kind
from tools.standins.values import Properties

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

CURVES: Mapping[str, type[ec.EllipticCurve]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}

ALGORITHMS = ("RSA", "ECDSA", "ED25519")


def load(pem: str) -> SigningKey:
    """A private key from PEM.

    Raises:
        ValueError: the text is no private key of a supported algorithm.
    """
    key: PrivateKeyTypes = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, SigningKey):
        raise ValueError(  # noqa: TRY004 (what is wrong is the text, not its type)
            f"a {type(key).__name__} cannot sign certificates; use one of {', '.join(ALGORITHMS)}"
        )
    return key


def algorithm(key: SigningKey) -> str:
    """The key's algorithm in the provider's words."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def signature_hash(key: SigningKey) -> hashes.SHA256 | None:
    """The hash that a signature with this key uses; Ed25519 brings its own."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


class PrivateKey(Kind):
    """tls.PrivateKey."""

    defaults: Mapping[str, Any] = {"ecdsaCurve": "P224", "rsaBits": 2048}
    secrets = ("privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh")
    computed = (
        *secrets,
        "publicKeyPem",
        "publicKeyOpenssh",
        "publicKeyFingerprintMd5",
        "publicKeyFingerprintSha256",
    )

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        """The algorithm and the curve have to be known ones."""
        found = {}
        if inputs.get("algorithm") not in ALGORITHMS:
            found["algorithm"] = f"must be one of {', '.join(ALGORITHMS)}"
        if inputs.get("ecdsaCurve", "P224") not in CURVES:
            found["ecdsaCurve"] = f"must be one of {', '.join(CURVES)}"
        return found

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """A new key."""
        key = _generate(inputs)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        traditional = PrivateFormat.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else None
        outputs = {
            "privateKeyPem": _private_pem(key, traditional or PrivateFormat.TraditionalOpenSSL),
            "privateKeyPemPkcs8": _private_pem(key, PrivateFormat.PKCS8),
            "publicKeyPem": public,
            **_openssh(key),
        }
        return hashlib.sha1(public.encode(), usedforsecurity=False).hexdigest(), outputs


def _generate(inputs: Properties) -> SigningKey:
    if inputs["algorithm"] == "RSA":
        return rsa.generate_private_key(65537, int(inputs["rsaBits"]))
    if inputs["algorithm"] == "ECDSA":
        return ec.generate_private_key(CURVES[inputs["ecdsaCurve"]]())
    return ed25519.Ed25519PrivateKey.generate()


def _private_pem(key: SigningKey, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _openssh(key: SigningKey) -> Properties:
    """The forms for SSH, which has no P224: empty then."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1):
        names = ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5")
        return dict.fromkeys([*names, "publicKeyFingerprintSha256"], "")
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    blob = base64.b64decode(line.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {
        "privateKeyOpenssh": _private_pem(key, PrivateFormat.OpenSSH),
        "publicKeyOpenssh": f"{line}\n",
        "publicKeyFingerprintMd5": ":".join(md5[i : i + 2] for i in range(0, len(md5), 2)),
        "publicKeyFingerprintSha256": f"SHA256:{sha256}",
    }
