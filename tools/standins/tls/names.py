"""The provider's words for subjects, alternative names and key uses, in terms of X.509."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

SUBJECT: Mapping[str, ObjectIdentifier] = {
    "country": NameOID.COUNTRY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "postalCode": NameOID.POSTAL_CODE,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "commonName": NameOID.COMMON_NAME,
}

KEY_USES: Mapping[str, str] = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}

EXTENDED_KEY_USES: Mapping[str, ObjectIdentifier] = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}


def subject(inputs: Mapping[str, Any]) -> x509.Name:
    """The distinguished name of a resource's property `subject`."""
    given = inputs.get("subject") or {}
    parts = [x509.NameAttribute(SUBJECT[name], given[name]) for name in SUBJECT if given.get(name)]
    streets = [x509.NameAttribute(NameOID.STREET_ADDRESS, street) for street in given.get("streetAddresses") or []]
    return x509.Name([*parts, *streets])


def alternatives(inputs: Mapping[str, Any]) -> list[x509.GeneralName]:
    """The subject alternative names of the properties dnsNames, ipAddresses and uris."""
    return [
        *(x509.DNSName(name) for name in inputs.get("dnsNames") or []),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in inputs.get("ipAddresses") or []),
        *(x509.UniformResourceIdentifier(uri) for uri in inputs.get("uris") or []),
    ]


def key_usage(uses: Sequence[str]) -> x509.KeyUsage | None:
    """The extension for those of the uses that are key usages; None if there is none among them."""
    chosen = {KEY_USES[use] for use in uses if use in KEY_USES}
    if not chosen:
        return None
    return x509.KeyUsage(**{flag: flag in chosen for flag in KEY_USES.values()})


def extended_key_usage(uses: Sequence[str]) -> x509.ExtendedKeyUsage | None:
    """The extension for those of the uses that are extended key usages; None if there is none among them."""
    chosen = [EXTENDED_KEY_USES[use] for use in uses if use in EXTENDED_KEY_USES]
    return x509.ExtendedKeyUsage(chosen) if chosen else None
