"""Certificate requests, and certificates signed by themselves or by an authority."""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from tools.standins.provider import Kind
from tools.standins.tls import keys, names
from tools.standins.values import Properties

MOST_HOURS = 24 * 365 * 1000
"""Longer validities leave the calendar."""

WRITE_ONLY = {"privateKeyPemWo", "privateKeyPemWoVersion", "caPrivateKeyPemWo", "caPrivateKeyPemWoVersion"}


class CertRequest(Kind):
    """tls.CertRequest."""

    computed = ("certRequestPem", "keyAlgorithm")

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        """A key is needed; the names have to be well-formed."""
        return _missing(inputs, ["privateKeyPem"]) | _name_problems(inputs)

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """A request, signed with the key."""
        key = keys.load(inputs["privateKeyPem"])
        builder = x509.CertificateSigningRequestBuilder().subject_name(names.subject(inputs))
        if alternatives := names.alternatives(inputs):
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        pem = builder.sign(key, keys.signature_hash(key)).public_bytes(Encoding.PEM).decode()
        identity = hashlib.sha1(pem.encode(), usedforsecurity=False).hexdigest()
        return identity, {"certRequestPem": pem, "keyAlgorithm": keys.algorithm(key)}


@dataclass(frozen=True)
class Holder:
    """Whom a certificate is for."""

    subject: x509.Name
    public_key: CertificatePublicKeyTypes
    alternatives: Sequence[x509.GeneralName]


@dataclass(frozen=True)
class Issuer:
    """Who signs a certificate."""

    subject: x509.Name
    key: keys.SigningKey
    key_identifier: x509.SubjectKeyIdentifier | None


class Certificate(Kind):
    """What both kinds of certificates share."""

    defaults: Mapping[str, Any] = {
        "earlyRenewalHours": 0,
        "isCaCertificate": False,
        "readyForRenewal": False,
        "setSubjectKeyId": False,
    }
    updatable = ("earlyRenewalHours",)
    required: Sequence[str] = ()

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        """All needed inputs, known uses, and hours that are whole numbers from zero."""
        found = {**_missing(inputs, self.required), **_name_problems(inputs)}
        unknown = set(inputs.get("allowedUses", [])) - names.KEY_USES.keys() - names.EXTENDED_KEY_USES.keys()
        if unknown:
            found["allowedUses"] = f"unsupported here: {', '.join(sorted(unknown))}"
        for name in ("validityPeriodHours", "earlyRenewalHours"):
            if not 0 <= inputs.get(name, 0) <= MOST_HOURS or inputs.get(name, 0) % 1:
                found[name] = f"must be a whole number of hours, from 0 to {MOST_HOURS}"
        return found

    def expired(self, outputs: Properties) -> Sequence[str]:
        """Within the early renewal window, readyForRenewal demands a replacement."""
        return ["readyForRenewal"] if due(outputs, datetime.now(timezone.utc)) else []

    def refreshed(self, outputs: Properties) -> Properties:
        """Within the early renewal window, a refresh finds the certificate ready for renewal."""
        return {**outputs, "readyForRenewal": True} if self.expired(outputs) else outputs

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """A new certificate, valid from now."""
        holder, issuer, further = self.parties(inputs)
        certificate = issue(inputs, holder, issuer)
        outputs = {
            "certPem": certificate.public_bytes(Encoding.PEM).decode(),
            "validityStartTime": certificate.not_valid_before_utc.isoformat(),
            "validityEndTime": certificate.not_valid_after_utc.isoformat(),
        }
        return str(certificate.serial_number), {**outputs, **further}

    @abstractmethod
    def parties(self, inputs: Properties) -> tuple[Holder, Issuer, Properties]:
        """The holder, the issuer, and the computed outputs that are this kind's own."""


class SelfSignedCert(Certificate):
    """tls.SelfSignedCert."""

    defaults: Mapping[str, Any] = {**Certificate.defaults, "setAuthorityKeyId": False}
    computed = ("certPem", "keyAlgorithm", "validityStartTime", "validityEndTime")
    required = ("allowedUses", "privateKeyPem", "validityPeriodHours")

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        """An authority needs a subject, which its certificates name."""
        found = dict(super().problems(inputs))
        if inputs.get("isCaCertificate") and not any((inputs.get("subject") or {}).values()):
            found["subject"] = "a certificate authority needs at least one name, such as commonName"
        return found

    def parties(self, inputs: Properties) -> tuple[Holder, Issuer, Properties]:
        """One party is both."""
        key = keys.load(inputs["privateKeyPem"])
        subject = names.subject(inputs)
        holder = Holder(subject, key.public_key(), names.alternatives(inputs))
        identifier = None
        if inputs["setAuthorityKeyId"]:
            identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return holder, Issuer(subject, key, identifier), {"keyAlgorithm": keys.algorithm(key)}


class LocallySignedCert(Certificate):
    """tls.LocallySignedCert."""

    computed = ("certPem", "caKeyAlgorithm", "validityStartTime", "validityEndTime")
    required = ("allowedUses", "caCertPem", "caPrivateKeyPem", "certRequestPem", "validityPeriodHours")

    def parties(self, inputs: Properties) -> tuple[Holder, Issuer, Properties]:
        """The request names the holder; the authority's certificate and key are the issuer."""
        request = x509.load_pem_x509_csr(inputs["certRequestPem"].encode())
        if not request.is_signature_valid:
            raise ValueError("certRequestPem: the request is not signed with its own key")
        holder = Holder(request.subject, request.public_key(), _alternatives(request))
        authority = x509.load_pem_x509_certificate(inputs["caCertPem"].encode())
        key = keys.load(inputs["caPrivateKeyPem"])
        if key.public_key() != authority.public_key():
            raise ValueError("caPrivateKeyPem is not the key of caCertPem")
        issuer = Issuer(authority.subject, key, _key_identifier(authority))
        return holder, issuer, {"caKeyAlgorithm": keys.algorithm(key)}


def due(outputs: Properties, now: datetime) -> bool:
    """Whether a certificate is within its early renewal window, or past its end."""
    end = datetime.fromisoformat(outputs["validityEndTime"])
    return now >= end - timedelta(hours=outputs.get("earlyRenewalHours") or 0)


def issue(inputs: Properties, holder: Holder, issuer: Issuer) -> x509.Certificate:
    """Signs a certificate with the extensions that the inputs ask for."""
    start = datetime.now(timezone.utc).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(holder.subject)
        .issuer_name(issuer.subject)
        .public_key(holder.public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(hours=inputs["validityPeriodHours"]))
    )
    for extension, critical in _extensions(inputs, holder, issuer):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.key, keys.signature_hash(issuer.key))


def _extensions(inputs: Properties, holder: Holder, issuer: Issuer) -> list[tuple[x509.ExtensionType, bool]]:
    authority = bool(inputs["isCaCertificate"])
    length = inputs.get("maxPathLength")
    path_length = int(length) if authority and length is not None and length >= 0 else None
    found: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(authority, path_length), True)]
    if usage := names.key_usage(inputs["allowedUses"]):
        found.append((usage, True))
    if extended := names.extended_key_usage(inputs["allowedUses"]):
        found.append((extended, False))
    if authority or inputs["setSubjectKeyId"]:
        found.append((x509.SubjectKeyIdentifier.from_public_key(holder.public_key), False))
    if issuer.key_identifier:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer.key_identifier)
        found.append((identifier, False))
    if holder.alternatives:
        # Without a subject the alternative names are all there is, and critical (RFC 5280, 4.2.1.6).
        found.append((x509.SubjectAlternativeName(holder.alternatives), not list(holder.subject)))
    return found


def _missing(inputs: Properties, required: Sequence[str]) -> dict[str, str]:
    found = {name: "is required" for name in required if name not in inputs}
    refused = dict.fromkeys(inputs.keys() & WRITE_ONLY, "write-only keys are not supported by this stand-in")
    return found | refused


def _name_problems(inputs: Properties) -> dict[str, str]:
    found = {}
    for name in ("subject", "ipAddresses", "dnsNames", "uris"):
        given = {name: inputs.get(name)}
        try:
            names.subject(given)
            names.alternatives(given)
        except ValueError as problem:
            found[name] = str(problem)
    return found


def _alternatives(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _key_identifier(certificate: x509.Certificate) -> x509.SubjectKeyIdentifier | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None
