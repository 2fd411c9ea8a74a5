"""Certificate authorities that a program brings, as of a cluster that is adopted."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from pulumi_etcd.certificates import fingerprint
from pulumi_etcd.provider.values import text
from tests.components.clusters import declared
from tests.components.recorder import certificate

CERTIFICATE = certificate("given")
GIVEN = {"cert_pem": CERTIFICATE, "private_key_pem": "the key"}


def trust(**authority: Any) -> dict[str, Any]:
    return {"trust": {"peer": {"authorities": {"1": {**GIVEN, **authority}}}}}


@pytest.mark.parametrize("preview", [True, False])
def test_a_given_authority_is_believed_and_not_made(monkeypatch: pytest.MonkeyPatch, preview: bool) -> None:
    recording = declared(monkeypatch, trust(), preview=preview)
    made = {each.name for each in recording.resources if "tls" in each.type and "-ca-" in each.name}
    assert made == {"demo-client-ca-1", "demo-metrics-ca-1"}
    believed = recording.one("Rollout").inputs["cluster"]["trust"]["peer"]["authorities"]
    assert believed == {"1": fingerprint(CERTIFICATE)}


def test_its_key_signs_leaves_and_is_a_secret_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = declared(monkeypatch, trust())
    signed = [each for each in recording.resources if each.inputs.get("caPrivateKeyPem") == "the key"]
    assert {each.name for each in signed} == {f"demo-{slot}-peer-1" for slot in ("a-1", "b-1", "c-1")}
    holding = [each for each in recording.resources if "the key" in str(each.inputs)]
    assert holding == signed
    assert all("caPrivateKeyPem" in map(text, each.secrets) for each in signed)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ({"authorities": {"2": GIVEN}}, "trust.peer.authorities.2: is not the authority of a declared generation"),
        ({"authorities": {"1": {"cert_pem": CERTIFICATE}}}, "trust.peer.authorities.1.privateKeyPem: must be given"),
    ],
)
def test_what_is_incomplete_is_refused(monkeypatch: pytest.MonkeyPatch, peer: dict[str, Any], expected: str) -> None:
    with pytest.raises(pulumi.RunError, match=expected):
        declared(monkeypatch, {"trust": {"peer": peer}})
