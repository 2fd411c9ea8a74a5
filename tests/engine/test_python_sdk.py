"""Programs with the Python SDK that the engine generates: `examples/python`, every argument, and custom resources."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pulumi_etcd import Ec2Cluster, LocalCluster, StatefulSetCluster, StaticPodCluster
from tests.components import clusters, ec2, stateful_sets, static_pods
from tests.components.every_argument import EC2, LOCAL, STATEFUL_SETS, STATIC_AGENTS, STATIC_PODS
from tests.components.recorder import record
from tests.engine import python_sdk
from tests.engine.examples import ENDPOINTS, FOLDER, filled
from tests.engine.stacks import RolloutStack
from tests.policies.test_engine import PACK
from tests.rollout.samples import spec
from tests.standins.running import agents
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

GIB = 1024**3
TOO_SMALL = "4 GiB are not larger than 3 quotas of 2 GiB; enlarge the volume, or lower the quota"
FULL: Mapping[str, tuple[Any, dict[str, Any]]] = {
    "LocalCluster": (LocalCluster, clusters.ARGS | LOCAL["all, by slots"]),
    "Ec2Cluster": (Ec2Cluster, ec2.ARGS | EC2["all, by slots"]),
    "StatefulSetCluster": (StatefulSetCluster, stateful_sets.ARGS | STATEFUL_SETS["all, by slots"]),
    "StaticPodCluster": (StaticPodCluster, static_pods.ARGS | STATIC_PODS[STATIC_AGENTS]),
}
"""Every component, and as many of its arguments as one cluster takes."""


@dataclass(frozen=True)
class Previewed:
    inputs: dict[tuple[str, str], dict[str, Any]]
    """Of resources, by type and name."""
    endpoints: dict[str, list[str]]
    """Outputs of the examples, by their names."""


@pytest.fixture(scope="module")
def sdk(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return python_sdk.install(engine, tmp_path_factory.mktemp("sdk"))


@pytest.fixture(scope="module")
def full(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The arguments of `FULL`, with files that there are."""
    folder = tmp_path_factory.mktemp("files")
    arguments = {kind: {name: value for name, value in each.items() if value is not None}
                 for kind, (_, each) in FULL.items()}  # fmt: skip
    text = json.dumps(arguments).replace(clusters.PROGRAM.source, str(engine.etcd / "etcd"))
    for file in (ec2.PROGRAM, ec2.ARCHIVE):
        text = text.replace(json.dumps(file), json.dumps(_existing(folder / Path(file["path"]).name)))
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def _existing(file: Path) -> dict[str, str]:
    file.write_text("a file of a test")
    return {"path": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


@pytest.fixture(scope="module")
def previewed(engine: Engine, sdk: Path, full: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Previewed:
    """The examples and `full` in one preview, which asks neither AWS nor Kubernetes."""
    project = python_sdk.make(engine, sdk, tmp_path_factory.mktemp("everything") / "project")
    programs = project.folder / "programs"
    programs.mkdir()
    for program in (FOLDER / "python").glob("*.py"):
        (programs / program.name).write_text(filled(program.read_text(), project.folder))
    (project.folder / "clusters.json").write_text(json.dumps(full))
    project.write(python_sdk.EVERYTHING)
    steps = json.loads(project.succeed_quietly("preview", "--json"))["steps"]
    return Previewed(
        {_place(step["urn"]): step["newState"].get("inputs", {}) for step in steps},
        {each.stem: json.loads(each.read_text()) for each in programs.glob("*.json")},
    )


def _place(urn: str) -> tuple[str, str]:
    kind, name = urn.split("::")[2:]
    return kind.removeprefix("pulumi:pulumi:Stack$"), name


def test_programs_are_type_checked(sdk: Path, tmp_path: Path) -> None:
    (tmp_path / "refused.py").write_text(python_sdk.REFUSED)
    programs = [*(FOLDER / "python").glob("*.py"), tmp_path / "refused.py"]
    assert python_sdk.type_errors(sdk, tmp_path, programs) == ""


def test_the_examples_are_previewed(previewed: Previewed) -> None:
    assert previewed.endpoints == ENDPOINTS


@pytest.mark.parametrize("kind", FULL)
def test_every_argument_arrives_as_from_the_repositorys_own_package(
    previewed: Previewed, full: dict[str, Any], kind: str
) -> None:
    recorded = record(lambda: FULL[kind][0]("full", full[kind]), preview=True).resources
    expected = {_place(each.urn): each.inputs for each in recorded}
    found = {(which, name): inputs for (which, name), inputs in previewed.inputs.items()
             if which.split("$")[0] == f"etcd:index:{kind}" and name.split("-")[0] == "full"}  # fmt: skip
    assert found.keys() == expected.keys()
    ours = [place for place in expected if place[0].split("$")[-1].startswith("etcd:")]
    assert len(ours) > 3
    assert {place: _declared(found[place]) for place in ours} == {place: _declared(expected[place]) for place in ours}


def _declared(inputs: dict[str, Any]) -> dict[str, Any]:
    """Without what is computed from other resources' outputs, and the default that the provider fills in."""
    return {name: value for name, value in inputs.items() if name != "waitsFor" and (name, value) != ("pods", {})}


def test_custom_resources_go_through_their_life(engine: Engine, sdk: Path, tmp_path: Path) -> None:
    """The cluster's agents are stand-ins."""
    stack = RolloutStack(python_sdk.make(engine, sdk, tmp_path / "project", "demo"), tmp_path / "channel")
    project = stack.project
    project.write(python_sdk.CUSTOM)
    stack.declare()
    with agents(tmp_path):
        project.up()
        assert stack.desired().body == spec().to_wire()
        context = project.folder / "context" / "context.json"
        running = dict.fromkeys(("m0", "m1", "m2"), True)
        found = {"found": str(stack.channel), "quota": stack.quota()}
        assert project.outputs() == {**found, "running": running, "context": str(context)}
        assert json.loads(context.read_text())["members"]["m0"]["clientUrl"] == "https://m0:2379"
        assert (context.parent / "operator" / "key.pem").read_text() == "the operator's key"
        assert "the operator's key" not in project.succeed_quietly("stack", "export")
        stack.declare(quota_backend_bytes=3 * GIB)
        project.up()
        assert stack.quota() == 3 * GIB
        project.succeed("up", "--yes", "--skip-preview", "--expect-no-changes")
        project.succeed("destroy", "--yes", "--skip-preview")
    assert not context.parent.exists()
    assert not stack.channel.exists()


def test_a_policy_pack_judges_a_cluster(engine: Engine, sdk: Path, tmp_path: Path) -> None:
    project = python_sdk.make(engine, sdk, tmp_path / "project")
    project.write(python_sdk.UNSAFE)
    told = project.fail("preview", "--policy-pack", PACK)
    assert f"members.a-1.volumeBytes: {TOO_SMALL}" in told
    assert "volume-headroom  (etcd:index:LocalCluster: unsafe)" in told
    assert "LocalCluster: safe)" not in told
