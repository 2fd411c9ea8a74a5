"""The pack in the real engine: previews, updates, and analyses of states."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.programs.cache import Cache
from etcd_policies import folder
from etcd_policies.certificates import LEAF
from tests.policies.contracts import TYPE, contract
from tests.tools.project import STACK, Project
from tools import engine as clone_engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

PACK = str(Path(__file__).resolve().parents[2] / "policies")
PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_tls as tls


class Cluster(pulumi.ComponentResource):
    def __init__(self, name, contract):
        super().__init__("etcd:index:StatefulSetCluster", name, contract)
        child = pulumi.ResourceOptions(parent=self)
        key = tls.PrivateKey("authority", algorithm="ED25519", opts=child)
        authority = tls.SelfSignedCert(
            "authority", private_key_pem=key.private_key_pem, is_ca_certificate=True, allowed_uses=["cert_signing"],
            validity_period_hours=87600, subject={"common_name": "authority"}, opts=child,
        )
        request = tls.CertRequest(
            "leaf", private_key_pem=key.private_key_pem, subject={"common_name": "leaf"}, opts=child
        )
        tls.LocallySignedCert(
            "leaf", cert_request_pem=request.cert_request_pem, ca_cert_pem=authority.cert_pem,
            ca_private_key_pem=key.private_key_pem, allowed_uses=["server_auth"], validity_period_hours=2160,
            early_renewal_hours=540, opts=child,
        )
        self.register_outputs({"contract": contract})


contract = json.loads(Path("contract.json").read_text())
if contract["members"]["a-1"]["volumeBytes"] == "later":
    seed = tls.PrivateKey("seed", algorithm="ED25519")
    contract["members"]["a-1"]["volumeBytes"] = seed.id.apply(lambda _: 10 * 1024**3)
Cluster("orders", contract)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of one cluster, in a backend of its own."""
    made = Project.make(clone_engine.prepare(Cache.of_user()), tmp_path_factory.mktemp("policies") / "project")
    made.write(PROGRAM)
    return made


@pytest.fixture(scope="module")
def state(project: Project) -> dict[str, Any]:
    """The state after an update that a pack of the wheel's kind, held to production, let pass."""
    pack = project.folder.parent / "pack"
    folder.write(pack, folder.environment())
    declare(project)
    held = ("--policy-pack", str(pack), "--policy-pack-config", str(pack / "production.json"))
    told = project.succeed("up", "--yes", *held)
    assert "etcd@v" in told
    exported: dict[str, Any] = json.loads(project.succeed_quietly("stack", "export"))
    return exported


def declare(project: Project, changes: Mapping[str, Any] | None = None, platform: str = "local") -> None:
    (project.folder / "contract.json").write_text(json.dumps(contract(changes, platform)))


def configured(project: Project, config: Mapping[str, Any]) -> tuple[str, ...]:
    file = project.folder / "config.json"
    file.write_text(json.dumps(config))
    return ("--policy-pack", PACK, "--policy-pack-config", str(file))


def resource_of(state: dict[str, Any], resource_type: str) -> dict[str, Any]:
    resources: list[dict[str, Any]] = state["deployment"]["resources"]
    return next(resource for resource in resources if resource["type"] == resource_type)


def analysis(project: Project, *arguments: str) -> tuple[int, dict[str, str]]:
    """The exit status of an analysis, and the level of every rule that was broken."""
    done = project.run("policy", "analyze", "--json", *arguments)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    violations = [event["policyEvent"] for event in events if "policyEvent" in event]
    return done.returncode, {each["policyName"]: each["enforcementLevel"] for each in violations}


def test_a_preview_is_refused_and_tells_why(project: Project) -> None:
    declare(project, {"mutualTls.peer": False, "members.b-1.volumeBytes": 1024**3})
    told = project.fail("preview", "--policy-pack", PACK)
    assert "mutualTls.peer: there is no mutual TLS; declare it true" in told
    assert "members.b-1.volumeBytes: 1 GiB are not larger than 3 quotas of 2 GiB" in told


def test_in_development_the_rest_is_only_told(project: Project) -> None:
    declare(project, {"members.b-1.volumeBytes": 1024**3, "environment": "development"})
    told = project.succeed("preview", "--policy-pack", PACK, "--policy-pack-config", f"{PACK}/development.json")
    assert "members.b-1.volumeBytes: 1 GiB are not larger than 3 quotas of 2 GiB" in told


def test_a_port_that_is_open_to_every_namespace_is_refused(project: Project) -> None:
    declare(project, {"clients": [{}, {"namespaceLabels": {}}]}, "stateful-sets")
    told = project.fail("preview", "--policy-pack", PACK, "--policy-pack-config", f"{PACK}/production.json")
    assert "clients[1].namespaceLabels: every pod of every namespace is let in" in told
    assert "clients[0]" not in told


@pytest.mark.parametrize("platform", ["stateful-sets", "static-pods"])
def test_good_clusters_on_kubernetes_pass(project: Project, platform: str) -> None:
    declare(project, platform=platform)
    told = project.succeed("preview", "--policy-pack", PACK, "--policy-pack-config", f"{PACK}/production.json")
    assert "severity" not in told


def test_a_value_that_is_not_known_yet_refuses_nothing(project: Project) -> None:
    declare(project, {"members.a-1.volumeBytes": "later"})
    told = project.succeed("preview", "--policy-pack", PACK)
    assert "can't run policy 'volume-headroom'" in told
    assert "members.a-1.volumeBytes can't be known during preview" in told


@pytest.mark.usefixtures("state")
def test_a_stack_is_analyzed(project: Project) -> None:
    assert analysis(project, "--stack", STACK, "--policy-pack", PACK) == (0, {})
    held = configured(project, {"odd-member-count": {"minimum": 5}})
    assert analysis(project, "--stack", STACK, *held) == (1, {"odd-member-count": "mandatory"})


def test_a_state_file_is_analyzed(project: Project, state: dict[str, Any]) -> None:
    file, later = project.folder / "state.json", copy.deepcopy(state)
    resource_of(later, TYPE)["inputs"]["etcd"]["version"] = "3.6.13"
    resource_of(later, LEAF)["outputs"]["validityEndTime"] = "2020-01-01T00:00:00Z"
    file.write_text(json.dumps(later))
    found = analysis(project, "--file", str(file), "--policy-pack", PACK)
    assert found == (1, {"safe-patch": "mandatory", "current-certificates": "advisory"})


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ({"minimum": 0}, "odd-member-count: minimum: Must be greater than or equal to 1"),
        ({"minimun": 3}, "odd-member-count cannot be used: minimun: there is no such parameter; did you mean minimum?"),
    ],
)
@pytest.mark.usefixtures("state")
def test_a_wrong_configuration_is_told(project: Project, parameter: dict[str, int], told: str) -> None:
    held = configured(project, {"odd-member-count": parameter})
    assert told in project.fail("policy", "analyze", "--stack", STACK, *held)


@pytest.mark.usefixtures("state")
def test_a_bad_stack_is_told_every_violation_with_its_remedy(project: Project) -> None:
    """It came up without the pack."""
    bad = {"mutualTls.peer": False, "members.b-1.volumeBytes": 1024**3, "etcd.version": "3.6.13"}
    declare(project, bad)
    project.succeed("up", "--yes", "--skip-preview")
    told = project.fail("policy", "analyze", "--stack", STACK, "--policy-pack", PACK)
    for violation in (
        "mutualTls.peer: there is no mutual TLS; declare it true",
        "members.b-1.volumeBytes: 1 GiB are not larger than 3 quotas of 2 GiB; enlarge the volume, or lower the quota",
        "etcd.version: 3.6.13 is below ",
        "; declare 3.6.15",
    ):
        assert violation in told
    declare(project)
    project.succeed("up", "--yes", "--skip-preview")
