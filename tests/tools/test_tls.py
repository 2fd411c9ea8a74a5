"""The stand-in's keys and certificates are real ones, and behave as the official provider's do."""

from __future__ import annotations

import ipaddress
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tools.standins.provider import Kind
from tools.standins.tls.certificates import CertRequest, LocallySignedCert, SelfSignedCert, due
from tools.standins.tls.keys import PrivateKey
from tools.standins.values import UNKNOWN, Properties, is_unknown, plain, secret

SERVER_USES = ["digital_signature", "key_encipherment", "server_auth", "client_auth"]


def make(kind: Kind, **inputs: Any) -> Properties:
    assert not kind.problems(inputs)
    full = {**kind.defaults, **inputs}
    return {**full, **kind.make(full)[1]}


def new_key(algorithm: str = "ECDSA", **inputs: Any) -> str:
    pem: str = make(PrivateKey(), algorithm=algorithm, **{"ecdsaCurve": "P256", **inputs})["privateKeyPem"]
    return pem


def new_authority(key: str, **inputs: Any) -> Properties:
    wanted: dict[str, Any] = {
        "privateKeyPem": key,
        "isCaCertificate": True,
        "allowedUses": ["cert_signing", "crl_signing"],
        "validityPeriodHours": 24,
        "subject": {"commonName": "peer-ca-1", "organization": "test"},
    }
    return make(SelfSignedCert(), **{**wanted, **inputs})


def new_leaf(authority: Properties, key: str, **inputs: Any) -> Properties:
    request = make(
        CertRequest(),
        privateKeyPem=key,
        subject={"commonName": "m1"},
        dnsNames=["m1.example.test", "localhost"],
        ipAddresses=["127.0.0.1", "::1"],
        uris=["spiffe://example.test/m1"],
    )
    wanted: dict[str, Any] = {
        "certRequestPem": request["certRequestPem"],
        "caCertPem": authority["certPem"],
        "caPrivateKeyPem": authority["privateKeyPem"],
        "allowedUses": SERVER_USES,
        "validityPeriodHours": 12,
    }
    return make(LocallySignedCert(), **{**wanted, **inputs})


def parse(certificate: Properties) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate["certPem"].encode())


@pytest.mark.parametrize("algorithm", ["RSA", "ECDSA", "ED25519"])
def test_openssl_verifies_a_leaf(tmp_path: Path, algorithm: str) -> None:
    authority = new_authority(new_key(algorithm))
    leaf = new_leaf(authority, new_key())
    (tmp_path / "ca.pem").write_text(authority["certPem"])
    (tmp_path / "leaf.pem").write_text(leaf["certPem"])
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", "ca.pem", "leaf.pem"]
    done = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("OK"), done.stderr


def test_verified_by_name_and_refused_under_another_authority() -> None:
    authority = new_authority(new_key())
    leaf = parse(new_leaf(authority, new_key(), setSubjectKeyId=True))
    name = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    PolicyBuilder().store(Store([parse(authority)])).build_server_verifier(name).verify(leaf, [])
    impostor = new_authority(new_key())
    with pytest.raises(VerificationError):
        PolicyBuilder().store(Store([parse(impostor)])).build_server_verifier(name).verify(leaf, [])


def test_a_leaf_carries_what_was_asked_for() -> None:
    key = new_key()
    leaf = parse(new_leaf(new_authority(new_key()), key))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["m1.example.test", "localhost"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://example.test/m1"]
    assert leaf.public_key() == load_pem_private_key(key.encode(), None).public_key()
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.key_encipherment
    assert not usage.value.key_cert_sign
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(hours=12)


def test_key_identifiers() -> None:
    authority = new_authority(new_key())
    identifier = parse(authority).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    plain_leaf = parse(new_leaf(authority, new_key()))
    named_leaf = parse(new_leaf(authority, new_key(), setSubjectKeyId=True))
    assert x509.SubjectKeyIdentifier not in [type(e.value) for e in plain_leaf.extensions]
    own = named_leaf.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert own == x509.SubjectKeyIdentifier.from_public_key(named_leaf.public_key())
    signer = named_leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert signer.key_identifier == identifier.digest


@pytest.mark.parametrize(("length", "expected"), [(None, None), (-1, None), (0, 0), (1, 1)])
def test_path_length(length: int | None, expected: int | None) -> None:
    given = {} if length is None else {"maxPathLength": length}
    authority = parse(new_authority(new_key(), **given))
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == expected


def test_keys_in_all_forms() -> None:
    outputs = make(PrivateKey(), algorithm="ECDSA", ecdsaCurve="P256")
    assert outputs["privateKeyPem"].startswith("-----BEGIN EC PRIVATE KEY-----")
    assert outputs["privateKeyPemPkcs8"].startswith("-----BEGIN PRIVATE KEY-----")
    assert outputs["publicKeyOpenssh"].startswith("ecdsa-sha2-nistp256 ")
    assert outputs["publicKeyFingerprintSha256"].startswith("SHA256:")
    assert set(PrivateKey.computed) <= outputs.keys()


def test_a_foreign_key_does_not_sign() -> None:
    authority = {**new_authority(new_key()), "privateKeyPem": new_key()}
    with pytest.raises(ValueError, match="caPrivateKeyPem is not the key of caCertPem"):
        new_leaf(authority, new_key())


def test_every_problem_at_once() -> None:
    problems = SelfSignedCert().problems(
        {"isCaCertificate": True, "allowedUses": ["server_auth", "sing"], "validityPeriodHours": -1}
    )
    assert problems.keys() == {"privateKeyPem", "subject", "allowedUses", "validityPeriodHours"}
    assert PrivateKey().problems({"algorithm": "DSA", "ecdsaCurve": "P1"}).keys() == {"algorithm", "ecdsaCurve"}
    assert CertRequest().problems({"privateKeyPem": "x", "ipAddresses": ["1.2.3"]}).keys() == {"ipAddresses"}


def test_due_from_the_early_renewal_window_on() -> None:
    end = datetime(2030, 1, 31, tzinfo=timezone.utc)
    outputs = {"validityEndTime": end.isoformat(), "earlyRenewalHours": 24}
    assert not due(outputs, end - timedelta(hours=24, seconds=1))
    assert due(outputs, end - timedelta(hours=24))
    assert due(outputs, end + timedelta(hours=1))
    assert not due({**outputs, "earlyRenewalHours": None}, end - timedelta(hours=1))


def test_a_refresh_tells_that_renewal_is_due() -> None:
    fresh = new_authority(new_key(), earlyRenewalHours=1)
    assert SelfSignedCert().refreshed(fresh) == fresh
    old = {**fresh, "earlyRenewalHours": 24}
    assert SelfSignedCert().refreshed(old) == {**old, "readyForRenewal": True}
    assert SelfSignedCert().expired(old) == ["readyForRenewal"]


def test_marks_of_secrets_and_unknowns() -> None:
    assert plain({"a": [secret({"b": secret(1)})]}) == {"a": [{"b": 1}]}
    assert is_unknown({"a": [secret(UNKNOWN)]})
    assert not is_unknown({"a": [secret("known")]})
