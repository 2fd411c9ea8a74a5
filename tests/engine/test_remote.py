"""LocalCluster as a program in another language has it: constructed by the provider, from plain property values."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.supervisor import remove_zone
from tests.engine.stacks import make_project
from tests.tools.project import Project
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]

PROGRAM = """
import json
from pathlib import Path

import pulumi


class LocalCluster(pulumi.ComponentResource):
    def __init__(self, name, args):
        outputs = ("endpoints", "members", "caBundle", "clientCredential", "generation", "contract")
        super().__init__("etcd:index:LocalCluster", name, {**args, **dict.fromkeys(outputs)}, None, remote=True)


cluster = LocalCluster("far", json.loads(Path("arguments.json").read_text()))
pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("caBundle", cluster.caBundle)
pulumi.export("credential", cluster.clientCredential)
pulumi.export("generation", cluster.generation)
"""


@pytest.fixture
def root() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="far-"))
    yield directory
    for zone in sorted(directory.glob("zones/*")):
        remove_zone(ZonePaths(directory, zone.name))
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def project(engine: Engine, tmp_path: Path, root: Path) -> Project:
    project = make_project(engine, tmp_path / "project", "far")
    project.write(PROGRAM)
    declare(project, root)
    return project


def declare(project: Project, root: Path, **changes: object) -> None:
    arguments = {"directory": str(root), "addressing": {"network": "127.46.0"}, "deadlineSeconds": 100, **changes}
    (project.folder / "arguments.json").write_text(json.dumps(arguments))


def finished(output: str, word: str) -> list[str]:
    """Types of the resources that were finished, in their order."""
    return re.findall(rf"^ [-+~]  etcd:index:(\w+) \S+ {word} \(", output, re.MULTILINE)


def test_a_cluster_from_afar(project: Project, root: Path) -> None:
    previewed = json.loads(project.succeed_quietly("preview", "--json"))
    cluster = next(step["newState"] for step in previewed["steps"] if step["urn"].endswith("LocalCluster::far"))
    assert [member["zone"] for member in cluster["inputs"]["members"].values()] == ["a", "b", "c"]
    project.up()
    outputs = project.outputs(show_secrets=True)
    assert outputs["endpoints"] == [f"https://127.46.0.{number}:2379" for number in (1, 2, 3)]
    assert outputs["members"]["b-1"]["zone"] == "b"
    assert outputs["caBundle"].count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE KEY" in outputs["credential"]["keyPem"]
    assert project.outputs()["credential"] == "[secret]"
    project.succeed("up", "--yes", "--expect-no-changes")
    declare(project, root, size=4, mode="asleep")
    refused = project.fail("preview")
    assert "size: 4 members tolerate no more failures than 3" in refused
    assert "mode: 'asleep' is none of active, paused, observe-only" in refused
    assert "Traceback" not in refused
    gone = finished(project.succeed("destroy", "--yes", "--skip-preview"), "deleted")
    assert gone.index("Rollout") == 0
    assert max(place for place, kind in enumerate(gone) if kind == "LocalMember") < gone.index("LocalStore")
    assert max(place for place, kind in enumerate(gone) if kind == "LocalMember") < gone.index("LocalZone")
    assert not root.exists()
