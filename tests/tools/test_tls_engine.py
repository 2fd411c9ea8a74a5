"""The TLS stand-in under the real engine and the real SDK."""

from __future__ import annotations

import json

import pytest

from tests.tools.project import STACK, Project

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi, pulumi_tls as tls

config = pulumi.Config()
early = config.get_int("early") or 0
key = tls.PrivateKey("ca-key", algorithm="ECDSA", ecdsa_curve="P256")
ca = tls.SelfSignedCert(
    "ca", private_key_pem=key.private_key_pem, is_ca_certificate=True, validity_period_hours=1000,
    allowed_uses=["cert_signing"], subject={{"common_name": "{name}"}},
)
leaf_key = tls.PrivateKey("leaf-key", algorithm="ECDSA", ecdsa_curve="P256")
request = tls.CertRequest("request", private_key_pem=leaf_key.private_key_pem, ip_addresses=["127.0.0.1"])
leaf = tls.LocallySignedCert(
    "leaf", cert_request_pem=request.cert_request_pem, ca_cert_pem=ca.cert_pem,
    ca_private_key_pem=key.private_key_pem, allowed_uses=["server_auth"], validity_period_hours={hours},
    early_renewal_hours=early,
)
pulumi.export("leaf", leaf.cert_pem)
pulumi.export("renew", leaf.ready_for_renewal)
pulumi.export("key", key.private_key_pem)
"""


def changes(project: Project) -> dict[str, str]:
    return {name: step for name, step in project.steps().items() if step != "same"}


def test_life_of_certificates(project: Project) -> None:
    project.write(PROGRAM.format(name="ca", hours=24))
    assert set(project.steps().values()) == {"create"}
    project.up()
    first = project.outputs()
    assert first["leaf"].startswith("-----BEGIN CERTIFICATE-----")
    assert first["renew"] is False
    assert first["key"] == "[secret]"
    assert project.outputs(show_secrets=True)["key"].startswith("-----BEGIN EC PRIVATE KEY-----")
    assert "EC PRIVATE KEY" not in project.succeed("stack", "export")

    assert not changes(project)
    project.succeed("refresh", "--yes", "--expect-no-changes")

    # Within the early renewal window the leaf, and only it, is replaced; the window itself is updated in place.
    project.succeed("config", "set", "early", "12")
    assert changes(project) == {"leaf": "update"}
    project.up()
    assert project.outputs()["leaf"] == first["leaf"]
    project.succeed("config", "set", "early", "24")
    assert changes(project) == {"leaf": "replace"}
    assert "readyForRenewal" in project.succeed("preview", "--diff")
    project.up()
    assert project.outputs()["leaf"] != first["leaf"]

    # A change of the authority reaches the leaf as an unknown at preview.
    project.succeed("config", "set", "early", "0")
    project.write(PROGRAM.format(name="another", hours=24))
    assert changes(project) == {"ca": "replace", "leaf": "replace"}
    project.up()
    project.succeed("destroy", "--yes")


def test_renewal_is_seen_by_refresh(project: Project) -> None:
    project.write(PROGRAM.format(name="ca", hours=24))
    project.succeed("config", "set", "early", "24")
    project.up()
    assert "readyForRenewal" in project.succeed("refresh", "--yes", "--diff")
    state = json.loads(project.succeed_quietly("stack", "export"))
    leaf = next(r for r in state["deployment"]["resources"] if r["urn"].endswith("::leaf"))
    assert leaf["outputs"]["readyForRenewal"] is True


def test_renewal_is_no_drift(project: Project) -> None:
    """As the workflow `drift` asks, which leaves certificates out."""
    project.write(PROGRAM.format(name="ca", hours=24))
    project.succeed("config", "set", "early", "24")
    project.up()
    ask = ("refresh", "--preview-only", "--expect-no-changes")
    assert "no changes were expected" in project.fail(*ask)
    project.succeed(*ask, "--exclude", "**tls:index/**")


def test_wrong_inputs_are_refused_at_preview(project: Project) -> None:
    project.write(
        """
        import pulumi_tls as tls
        tls.PrivateKey("key", algorithm="DSA", ecdsa_curve="P1")
        """
    )
    told = project.fail("preview")
    assert "must be one of RSA, ECDSA, ED25519" in told
    assert "must be one of P224" in told
    assert f"stack '{STACK}'" not in told
