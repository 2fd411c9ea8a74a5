"""The repository's own stacks, under mocks: their configuration is the documentation's example."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import config as settings
from pulumi.runtime import settings as runtime

from etcd_ops.model.versions import Version, below_safe
from pulumi_etcd import LocalClusterArgs, configuration
from pulumi_etcd.configuration import arguments
from pulumi_etcd.ec2 import cluster as ec2
from pulumi_etcd.local import cluster
from tests.components.clusters import find
from tests.components.recorder import Recording, record
from tests.components.stateful_sets import AGENT, ETCD, UID
from tests.components.static_pods import place
from tools import kubernetes_stacks

STACKS = Path(__file__).parents[2] / "stacks"
NAMES = [path.name.split(".")[1] for path in sorted(STACKS.glob("Pulumi.*.yaml"))]
FACTS: dict[str, Any] = {
    "kubeconfig": "/run/nodes/admin.kubeconfig",
    "context": "nodes",
    "folder": "/run/nodes",
    "manifest_directories": {f"node-{zone}": f"/run/nodes/{zone}/manifests" for zone in "abc"},
    "images": {"agent": AGENT, "etcd": {"3.6.15": ETCD}},
}
"""What there is on nodes of this machine."""


def configure(patch: pytest.MonkeyPatch, values: Mapping[str, Any]) -> None:
    """As the engine passes them: texts as they are, everything else as JSON."""
    variable: ContextVar[dict[str, Any]] = ContextVar("config")
    variable.set(texts(values))
    patch.setattr(settings, "CONFIG", variable)
    patch.setattr(configuration, "CONFIG", variable)


def texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def settings_of(stack: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {name.replace("pulumi-etcd:", "project:"): value for name, value in values.items()}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a project whose stacks on Kubernetes have nodes."""
    monkeypatch.setattr(cluster, "find", find)
    monkeypatch.setattr(ec2, "digest_of", lambda path: "0" * 64)
    monkeypatch.setattr(runtime, "get_root_directory", lambda: str(tmp_path))
    for stack in kubernetes_stacks.LEVELS:
        folder = tmp_path / ".state" / stack
        folder.mkdir(parents=True)
        (folder / kubernetes_stacks.RECORD).write_text(json.dumps(kubernetes_stacks.found(FACTS, UID)))
    return tmp_path


def declared(stack: str, values: Mapping[str, Any], patch: pytest.MonkeyPatch) -> Recording:
    """What the stack's program registers with this configuration."""
    configure(patch, values)
    patch.setattr(runtime, "get_stack", lambda: stack)
    return record(lambda: runpy.run_path(str(STACKS / "__main__.py")))


def on_nodes(stack: str, patch: pytest.MonkeyPatch, **changes: Any) -> Mapping[str, Any]:
    """What the stack's component is declared with, after changes of its settings."""
    settings = settings_of(stack)
    changed = settings | {f"project:{name}": value for name, value in changes.items()}
    recording = declared(stack, changed, patch)
    return recording.one(settings["project:component"]).inputs


@pytest.mark.parametrize("stack", NAMES)
def test_a_stack_declares_a_cluster_that_can_be_read_on_one_screen(
    stack: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(stack)
    found = declared(stack, settings, monkeypatch).one(settings.get("project:component", "LocalCluster")).inputs
    assert len(found["members"]) == (5 if found["environment"] == "production" else 3)
    assert {each["zone"].removeprefix("eu-central-1") for each in found["members"].values()} == {"a", "b", "c"}
    assert below_safe(Version.parse(found["etcd"]["version"])) is None


def test_everything_of_the_local_cluster_is_below_the_project(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = declared("local", settings_of("local"), monkeypatch).one("LocalCluster").inputs
    assert found["channel"]["directory"].startswith(f"{root}/.state/")


@pytest.mark.parametrize("stack", kubernetes_stacks.LEVELS)
def test_a_stack_on_kubernetes_is_where_its_nodes_were_found(
    stack: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = on_nodes(stack, monkeypatch)
    assert (found["namespaceUid"], found["images"]) == (UID, {"etcd": ETCD, "agent": AGENT})
    assert found["channel"]["kubeconfig"] == FACTS["kubeconfig"]
    assert found["channel"]["context"] == FACTS["context"]


@pytest.mark.parametrize("stack", [each for each in NAMES if each.startswith("aws-")])
def test_a_stack_on_aws_has_its_files_below_the_project(
    stack: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = declared(stack, settings_of(stack), monkeypatch).of_type("BucketObjectv2").values()
    sources = {each.inputs["source"]["path"] for each in found}
    assert sources == {f"{root}/.artifacts/arm64/{name}" for name in ("etcd", "agent.tar.gz")}


def test_production_on_aws_keeps_what_holds_data(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = declared("aws-prod", settings_of("aws-prod"), monkeypatch)
    kinds = {each.type.rsplit(":", maxsplit=1)[-1] for each in found.resources if each.protect}
    assert kinds == {"Volume", "Key", "Bucket", "Rollout", "PrivateKey", "SelfSignedCert"}


def test_static_pods_are_where_their_nodes_look_for_them(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = on_nodes("static-pods", monkeypatch)["nodes"]
    assert {each["node"]: each["manifestDirectory"] for each in found.values()} == FACTS["manifest_directories"]


def test_what_is_declared_comes_before_what_was_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = AGENT.replace("a" * 64, "b" * 64)
    slots = {
        "a-1": place("a", 1, manifestDirectory="/etc/static"),
        "b-1": place("b", 2),
        "c-1": place("c", 3, node="elsewhere"),
    }
    found = on_nodes("static-pods", monkeypatch, agent={"image": other}, slots=slots)
    assert found["images"] == {"etcd": ETCD, "agent": other}
    assert {slot: each["manifestDirectory"] for slot, each in found["nodes"].items()} == {
        "a-1": "/etc/static",
        "b-1": "/run/nodes/b/manifests",
        "c-1": "/etc/kubernetes/manifests",
    }


def test_whoever_names_a_kubernetes_cluster_gets_nothing_that_was_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        on_nodes("kubernetes", monkeypatch, kubeconfig="/home/me/.kube/config")
    for path in ("context", "namespaceUid", "etcd.image", "agent.image"):
        assert f"{path}: must be given" in str(refusal.value)


@pytest.mark.parametrize("stack", kubernetes_stacks.LEVELS)
def test_without_nodes_the_remedy_is_told(stack: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".state" / stack / kubernetes_stacks.RECORD).unlink()
    with pytest.raises(pulumi.RunError, match="no Kubernetes cluster is named; run `make up-kubernetes`"):
        on_nodes(stack, monkeypatch)


def test_a_version_without_an_image_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match=r"etcd.version: the nodes have no image of etcd 3\.7\.2"):
        on_nodes("kubernetes", monkeypatch, etcd={"version": "3.7.2"})


def test_another_component_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError, match=r"component: there is no StaticPodsCluster; did you mean StaticPodCl"):
        on_nodes("static-pods", monkeypatch, component="StaticPodsCluster")


@pytest.mark.parametrize("path", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_a_configuration_fits_on_a_screen(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 40


def read(values: Mapping[str, Any], patch: pytest.MonkeyPatch) -> dict[str, Any]:
    configure(patch, {f"project:{name}": value for name, value in values.items()})
    return arguments(pulumi.Config("project"), LocalClusterArgs)


def test_settings_become_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "directory": "d",
        "size": 5,
        "keepVolumes": True,
        "deadlineSeconds": 1.5,
        "zones": ["x"],
        "etcd": {"quotaBackendBytes": 1, "extraConfig": {"a-b": {"cD": 1}}},
        "trust": {"peer": {"generations": [1]}},
    }
    assert read(values, monkeypatch) == {
        "directory": "d",
        "size": 5,
        "keep_volumes": True,
        "deadline_seconds": 1.5,
        "zones": ["x"],
        "etcd": {"quota_backend_bytes": 1, "extra_config": {"a-b": {"cD": 1}}},
        "trust": {"peer": {"generations": [1]}},
    }


def test_every_bad_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        read({"directory": "d", "sise": 3, "size": "many", "zones": "a,b"}, monkeypatch)
    text = str(refusal.value)
    assert "sise: there is no such setting; did you mean size?" in text
    assert "project:size: " in text
    assert "project:zones: " in text
