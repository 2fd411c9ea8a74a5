"""Whom certificates speak for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pulumi_etcd.certificates import Names, fingerprint, member_names
from tests.components.clusters import declared
from tests.components.recorder import Recording, certificate


@pytest.mark.parametrize("use", ["peer", "server", "metrics"])
def test_a_server_answers_to_its_addresses_and_to_loopback(use: str) -> None:
    names = member_names(use, "demo", "a-1", ["127.0.10.1", "127.0.10.1", "etcd.example.com"])
    assert names == Names("a-1", ("etcd.example.com", "localhost", "a-1", "a-1.demo"), ("127.0.10.1", "127.0.0.1"))


def test_a_client_is_named_and_answers_to_nobody() -> None:
    assert member_names("agent", "demo", "a-1", ["127.0.10.1"]) == Names("etcd-agent:a-1")


def test_a_fingerprint_is_of_the_der_encoding() -> None:
    pem = certificate("x")
    assert len(fingerprint(pem)) == 64
    assert fingerprint(pem) == fingerprint(pem.replace("\n", "\r\n"))
    assert fingerprint(pem) != fingerprint(certificate("x"))


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Recording:
    return declared(monkeypatch)


def tls(recording: Recording, kind: str) -> dict[str, dict[str, Any]]:
    """Inputs by name of the resources of one kind, whatever the SDK calls its module."""
    wanted: Callable[[str], bool] = lambda found: found.split(":")[-1].split("/")[-1].lower() == kind.lower()  # noqa: E731
    return {each.name: each.inputs for each in recording.resources if wanted(each.type)}


def test_every_trust_has_an_authority_of_its_own(recording: Recording) -> None:
    authorities = tls(recording, "SelfSignedCert")
    assert set(authorities) == {f"demo-{trust}-ca-1" for trust in ("peer", "client", "metrics")}
    for inputs in authorities.values():
        assert inputs["isCaCertificate"] is True
        assert set(inputs["allowedUses"]) == {"cert_signing", "crl_signing"}
        assert inputs["validityPeriodHours"] == 87_600


@pytest.mark.parametrize(
    ("leaf", "uses", "authority"),
    [
        ("a-1-peer-1", {"server_auth", "client_auth"}, "peer"),
        ("a-1-server-1", {"server_auth", "client_auth"}, "client"),
        ("a-1-metrics-1", {"server_auth"}, "metrics"),
        ("a-1-agent-1", {"client_auth"}, "client"),
        ("operator-client-1", {"client_auth"}, "client"),
        ("operator-metrics-1", {"client_auth"}, "metrics"),
    ],
)
def test_leaves_are_for_their_use_and_of_their_trust(
    recording: Recording, leaf: str, uses: set[str], authority: str
) -> None:
    inputs = tls(recording, "LocallySignedCert")[f"demo-{leaf}"]
    assert set(inputs["allowedUses"]) & {"server_auth", "client_auth"} == uses
    assert inputs["caPrivateKeyPem"] == f"key of demo-{authority}-ca-1"
    assert (inputs["validityPeriodHours"], inputs["earlyRenewalHours"]) == (2160, 540)


def test_every_leaf_has_a_key_of_its_own(recording: Recording) -> None:
    keys = [inputs["privateKeyPem"] for inputs in tls(recording, "CertRequest").values()]
    assert len(keys) == len(set(keys)) == 3 * 4 + 2
    assert {inputs["algorithm"] for inputs in tls(recording, "PrivateKey").values()} == {"ECDSA"}
