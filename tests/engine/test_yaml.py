"""Clusters declared in YAML: the programs of `examples/yaml`, run by Pulumi's own host of that language.

The one on this machine is brought up for real; the others are previewed, which asks neither AWS nor Kubernetes. Custom
resources without a component go through their life, with stand-in agents.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from etcd_ops.programs.cache import Cache
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.supervisor import remove_zone
from tests.engine.examples import ENDPOINTS, FOLDER, PLATFORMS, filled
from tests.engine.stacks import RolloutStack
from tests.policies.test_engine import PACK
from tests.rollout.samples import spec
from tests.standins.running import agents
from tests.tools.project import Project
from tools import ROOT, pulumi_cli, python_environment
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]

Program = dict[str, Any]
NETWORK = "127.46.1"
TIMEOUT = 300.0
"""Seconds for one command."""
REFUSED: list[tuple[Program, tuple[str, ...]]] = [
    (
        {"size": 4, "mode": "asleep", "etcd": {"logLevel": "loud"}},
        (
            "size: 4 members tolerate no more failures than 3",
            "mode: 'asleep' is none of active, paused, observe-only",
            "etcd.logLevel: ",
        ),
    ),
    (
        {"size": 3.5, "etcd": {"version": 3.7}},
        ("size: must be a whole number, not 3.5", "etcd.version: must be a string, not 3.7"),
    ),
    ({"directory": None}, ("property directory has a problem: Missing required input",)),
    (
        {"size": "three", "etcd": {"quotaBackendByte": 1}},
        ("size: Cannot assign type 'string' to type 'integer'", "etcd: Cannot assign", "quotaBackendBytes"),
    ),
]
"""Properties of a LocalCluster, and what a preview says of them: the provider first, then the host, by the schema."""


@pytest.fixture(scope="module")
def make(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Project, Program]]:
    """Makes a project with a stack of an example by its name, and tells the program, for `declare`."""

    def made(name: str) -> tuple[Project, Program]:
        folder = tmp_path_factory.mktemp("yaml")
        program: Program = yaml.safe_load(filled((FOLDER / "yaml" / name / "Pulumi.yaml").read_text(), folder))
        project = replace(Project.make(engine, folder / "project", program["name"]), timeout=TIMEOUT)
        if not engine.official:
            host = pulumi_cli.yaml_host(Cache.of_user())
            project.environment["PATH"] = os.pathsep.join([str(host), project.environment["PATH"]])
        declare(project, program)
        return project, program

    return made


def declare(project: Project, program: Program, **changes: Any) -> None:
    """Write the program, with other properties of its cluster."""
    resource = program["resources"]["orders"]
    changed = {**resource, "properties": {**resource["properties"], **changes}}
    resources = {**program["resources"], "orders": changed}
    (project.folder / "Pulumi.yaml").write_text(yaml.safe_dump({**program, "resources": resources}))


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="yaml-"))
    yield directory
    for zone in sorted(directory.glob("zones/*")):
        remove_zone(ZonePaths(directory, zone.name))
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def local(make: Callable[[str], tuple[Project, Program]], root: Path) -> Project:
    """The example on this machine, up."""
    project, program = make("local")
    program["outputs"]["key"] = "${orders.clientCredential.keyPem}"
    declare(project, program, directory=str(root), addressing={"network": NETWORK}, deadlineSeconds=100)
    project.up()
    return project


def healthy(context: str) -> dict[str, bool]:
    """What `etcd-ops` says of every member."""
    command = [str(python_environment.FOLDER / "bin" / "etcd-ops"), "status", "--json", "--context", context]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {each["name"]: each["healthy"] for each in json.loads(done.stdout)["members"]}


def test_the_documentation_shows_the_example() -> None:
    example = (FOLDER / "yaml" / "local" / "Pulumi.yaml").read_text()
    assert f"```yaml\n{example}```" in (ROOT / "docs" / "operations.md").read_text()


def test_a_cluster_comes_up_and_its_outputs_are_of_use(local: Project) -> None:
    outputs = local.outputs()
    assert outputs["endpoints"] == [f"https://{NETWORK}.{number}:2379" for number in (1, 2, 3)]
    assert outputs["zone"] == "b"
    assert outputs["caBundle"].count("BEGIN CERTIFICATE") == 1
    assert healthy(outputs["contextFile"]) == {"a-1": True, "b-1": True, "c-1": True}


def test_a_credential_stays_secret(local: Project) -> None:
    outputs = local.outputs()
    assert (outputs["clientCredential"], outputs["key"]) == ("[secret]", "[secret]")
    assert "PRIVATE KEY" in local.outputs(show_secrets=True)["clientCredential"]["keyPem"]
    assert "PRIVATE KEY" not in local.succeed_quietly("stack", "export")


def test_another_up_has_nothing_to_do(local: Project) -> None:
    local.succeed("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_destroy_leaves_nothing(local: Project, root: Path) -> None:
    local.succeed("destroy", "--yes", "--skip-preview")
    assert not root.exists()


@pytest.fixture(scope="module")
def refusing(make: Callable[[str], tuple[Project, Program]]) -> tuple[Project, Program]:
    """The example on this machine, which is never brought up."""
    return make("local")


@pytest.mark.parametrize(("wrong", "told"), REFUSED, ids=[" ".join(wrong) for wrong, _ in REFUSED])
def test_a_preview_names_the_wrong_property(
    refusing: tuple[Project, Program], wrong: Program, told: tuple[str, ...]
) -> None:
    declare(*refusing, **wrong)
    answer = refusing[0].fail("preview")
    assert [line for line in told if line not in answer] == []
    assert "Traceback" not in answer


@pytest.mark.parametrize("name", PLATFORMS)
def test_other_platforms_are_previewed(make: Callable[[str], tuple[Project, Program]], name: str) -> None:
    project, program = make(name)
    # What is null counts as absent.
    declare(project, program, mode=None, trust=None)
    assert endpoints_in(project.succeed("preview")) == ENDPOINTS[name]


def endpoints_in(told: str) -> list[str]:
    """The stack's output of that name, as a preview prints it."""
    return re.findall(r'^ +\[\d\]: "(\S+)"$', told, re.MULTILINE)


def test_arguments_that_may_be_outputs_are_taken_from_other_resources(
    make: Callable[[str], tuple[Project, Program]],
) -> None:
    """One that the preview knows, and one that it does not."""
    project, program = make("ec2")
    program["resources"]["other"] = {"type": "etcd:LocalCluster", "properties": {"directory": "/srv/etcd/other"}}
    subnets = {zone: f"subnet-{zone}" for zone in program["resources"]["orders"]["properties"]["zones"]}
    key = "arn:aws:kms:eu-central-1:123456789012:key/${other.clusterName}"
    declare(project, program, network={"vpcId": "${other.digest}", "subnets": subnets}, kmsKeyArn=key)
    assert endpoints_in(project.succeed("preview")) == ENDPOINTS["ec2"]
    declare(project, program, region="${other.clusterName}")
    assert "region: must be a plain value, not an output" in project.fail("preview")


SMALL: dict[str, tuple[str, str, Program]] = {
    "local": ("LocalCluster", "a-1", {"volumeBytes": 4 * 1024**3}),
    "ec2": ("Ec2Cluster", "eu-central-1a-1", {"volume": {"sizeBytes": 4 * 1024**3}}),
}
"""By example: its type, its first slot, and what has its volumes be too small."""


@pytest.mark.parametrize("name", SMALL)
def test_a_policy_pack_judges_a_cluster(make: Callable[[str], tuple[Project, Program]], name: str) -> None:
    kind, slot, small = SMALL[name]
    project, program = make(name)
    program["resources"]["safe"] = copy.deepcopy(program["resources"]["orders"])
    declare(project, program, **small)
    told = project.fail("preview", "--policy-pack", PACK, "--policy-pack-config", f"{PACK}/production.json")
    reason = "4 GiB are not larger than 3 quotas of 2 GiB; enlarge the volume, or lower the quota"
    assert f"members.{slot}.volumeBytes: {reason}" in told
    assert f"volume-headroom  (etcd:index:{kind}: orders)" in told
    assert f"{kind}: safe)" not in told


def custom(channel: Path) -> Program:
    """A store and a Rollout without a component; the cluster is what the channel's document says."""
    connection = {"kind": "directory", "directory": "${store.directory}"}
    rollout = {"channel": connection, "cluster": spec().to_wire(), "deadlineSeconds": 45}
    return {
        "store": {"type": "etcd:LocalStore", "properties": {"directory": str(channel)}},
        "demo": {"type": "etcd:Rollout", "properties": rollout},
    }


def test_custom_resources_go_through_their_life(make: Callable[[str], tuple[Project, Program]], tmp_path: Path) -> None:
    project, program = make("local")
    stack = RolloutStack(project, tmp_path / "channel")
    outputs = {
        "present": "${store.present}",
        "quota": "${demo.cluster.etcd.quotaBackendBytes}",
        "running": "${demo.running}",
    }
    program = {**program, "resources": custom(stack.channel), "outputs": outputs}
    (project.folder / "Pulumi.yaml").write_text(yaml.safe_dump(program))
    with agents(tmp_path):
        project.up()
        assert stack.in_order()
        running = dict.fromkeys(("m0", "m1", "m2"), True)
        assert project.outputs() == {"present": True, "quota": stack.quota(), "running": running}
        project.succeed("up", "--yes", "--skip-preview", "--expect-no-changes")
        project.succeed("destroy", "--yes", "--skip-preview")
    assert not stack.channel.exists()
