"""Rules about storage classes in the real engine, as the engine hands them over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.programs.cache import Cache
from tests.policies.contracts import contract
from tests.policies.echoing_plugin import install
from tests.tools.project import STACK, Project
from tools import engine as clone_engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

PACK = str(Path(__file__).resolve().parents[2] / "policies")
PROGRAM = """
import json
from pathlib import Path

import pulumi


class Cluster(pulumi.ComponentResource):
    def __init__(self, name, contract):
        super().__init__("etcd:index:StatefulSetCluster", name, contract)
        self.register_outputs({"contract": contract})


declared = json.loads(Path("declared.json").read_text())
pulumi.CustomResource("kubernetes:storage.k8s.io/v1:StorageClass", "fast", declared["class"])
Cluster("orders", declared["contract"])
"""
GOOD: Mapping[str, Any] = {
    "metadata": {"name": "fast-zonal"},
    "provisioner": "ebs.csi.aws.com",
    "reclaimPolicy": "Retain",
    "allowVolumeExpansion": True,
}
REFUSED = (
    "reclaimPolicy: a volume is deleted with its claim, and the data with it; set it to Retain",
    "allowVolumeExpansion: volumes of this class cannot be enlarged; set it to true",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of one storage class and one cluster, in a backend of its own."""
    made = Project.make(clone_engine.prepare(Cache.of_user()), tmp_path_factory.mktemp("classes") / "project")
    install(made.folder, "kubernetes")
    made.write(PROGRAM)
    return made


def declare(project: Project, storage_class: Mapping[str, Any], **changes: Any) -> None:
    declared = {"class": storage_class, "contract": contract(changes, "stateful-sets")}
    (project.folder / "declared.json").write_text(json.dumps(declared))


def held(profile: str) -> tuple[str, ...]:
    return ("--policy-pack", PACK, "--policy-pack-config", f"{PACK}/{profile}.json")


def test_a_class_that_leaves_everything_open_is_refused_in_the_preview(project: Project) -> None:
    open_class = {key: GOOD[key] for key in ("metadata", "provisioner")}
    declare(project, open_class)
    told = project.fail("preview", *held("production"))
    for refused in REFUSED:
        assert refused in told
    declare(project, open_class, environment="development")
    told = project.succeed("preview", *held("development"))
    assert [refused in told for refused in REFUSED] == [False, True]


def test_a_class_that_retains_passes_and_its_state_is_judged(project: Project) -> None:
    declare(project, GOOD)
    told = project.succeed("up", "--yes", "--skip-preview", *held("production"))
    assert "severity" not in told
    assert project.run("policy", "analyze", "--stack", STACK, *held("production")).returncode == 0
    state = project.folder / "state.json"
    state.write_text(project.succeed_quietly("stack", "export").replace('"Retain"', '"Delete"'))
    done = project.run("policy", "analyze", "--file", str(state), *held("production"))
    assert done.returncode == 1
    assert REFUSED[0] in done.stdout
