"""Invalid declarations and forbidden transitions in previews of the real engine: every problem by its path, no change.

The cases are a choice from the tables of tests/model, which judge all of them without an engine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.port import DESIRED, FORMATION, status_name
from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.spec import Desired, Formation, FormationMode
from etcd_ops.model.status import MemberStatus, Role, State
from tests.engine.stacks import make_project
from tests.model.cases import Case, changed, label, load
from tests.model.samples import body, fingerprint
from tests.tools.project import STACK, Project
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

PROGRAM = """
import json
from pathlib import Path

import pulumi

case = json.loads(Path("case.json").read_text())
if "arguments" in case:
    from pulumi_etcd import LocalCluster

    LocalCluster("case", case["arguments"])
else:
    pulumi.CustomResource("etcd:index:Rollout", "case", case)
"""
URN = f"urn:pulumi:{STACK}::refused::etcd:index:Rollout::case"
NOT_IN_A_CHANNEL = {"quorum", "formed", "origin", "joined"}
"""What a channel without living agents does not tell."""
TRANSITIONS = [
    case for case in load("transitions.yaml") if case["paths"] and not NOT_IN_A_CHANNEL & set(case.get("observed", {}))
][::2]
DECLARATIONS = [case for case in load("declarations.yaml") if case["paths"]][::5]
CLUSTERS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    (
        {"size": 4, "etcd": {"version": "3.6.99", "log_level": "loud"}, "channel": {"kind": "s3"}, "mode": "asleep"},
        ("size", "etcd.version", "etcd.logLevel", "channel.bucket", "channel.region", "mode"),
    ),
    ({"zones": ["a", "a", "b"], "protekt": {}}, ("zones", "protekt")),
]


@pytest.fixture(scope="module")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one cluster that nothing was ever declared for."""
    made = make_project(engine, tmp_path_factory.mktemp("refused") / "project", "refused")
    made.write(PROGRAM)
    return made


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """The channel's directory."""
    directory = tmp_path / "channel"
    directory.mkdir()
    return directory


def test_there_are_enough_cases() -> None:
    assert len(TRANSITIONS) + len(DECLARATIONS) + len(CLUSTERS) >= 40


@pytest.mark.parametrize("case", DECLARATIONS, ids=label)
def test_an_invalid_declaration(project: Project, channel: Path, case: Case) -> None:
    refused(project, channel, changed(body(), case), case)


@pytest.mark.parametrize("case", TRANSITIONS, ids=label)
def test_a_forbidden_transition(project: Project, channel: Path, case: Case) -> None:
    before = changed(body(), case.get("before", {}))
    hold(channel, before, case.get("observed", {}))
    refused(project, channel, changed(before, case), case)


@pytest.mark.parametrize(("arguments", "paths"), CLUSTERS, ids=[",".join(paths) for _, paths in CLUSTERS])
def test_invalid_arguments(project: Project, tmp_path: Path, arguments: dict[str, Any], paths: tuple[str, ...]) -> None:
    directory = tmp_path / "cluster"
    told = preview(project, {"arguments": {"directory": str(directory), **arguments}})
    assert [path for path in paths if f"\n  {path}: " not in told] == []
    assert not directory.exists()


def refused(project: Project, channel: Path, cluster: dict[str, Any], case: Case) -> None:
    """The preview fails and names every problem of the case; channel and state stay as they are."""
    before, state = contents(channel), contents(project.folder / "state")
    told = preview(project, {"channel": {"kind": "directory", "directory": str(channel)}, "cluster": cluster})
    assert [path for path in case["paths"] if f"cluster.{path}: " not in told] == [], told
    assert case.get("says", "") in told
    assert contents(channel) == before
    assert contents(project.folder / "state") == state


def preview(project: Project, case: dict[str, Any]) -> str:
    """What a preview that fails says."""
    (project.folder / "case.json").write_text(json.dumps(case))
    done = project.run("preview", "--json")
    assert done.returncode != 0, done.stdout
    diagnostics = json.loads(done.stdout)["diagnostics"]
    return "\n".join(each["message"] for each in diagnostics if each["severity"] == "error")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder; the backend's own locks aside."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "locks" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def hold(channel: Path, before: dict[str, Any], observed: dict[str, Any]) -> None:
    """Let the channel hold a formed cluster of this declaration, and what its agents said."""
    desired = Desired(generation=1, owner=URN, formation=Formation(token="t", mode=FormationMode.NEW), body=before)
    (channel / DESIRED).write_bytes(desired.encode())
    slots = {slot: member["peerUrl"] for slot, member in before["members"].items()}
    formation = FormationRecord(
        token="t", state=FormationState.FORMED, founders=slots,
        started={slot: Started(volume_id=slot, peer_url=url) for slot, url in slots.items()},
        incarnation=observed.get("incarnation", before["incarnation"]),
    )  # fmt: skip
    (channel / FORMATION).write_bytes(formation.encode())
    for place, slot in enumerate(sorted(slots)):
        said = statement(slot, place, observed)
        if said:
            path = channel / status_name(slot)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(status(slot, said).encode())


def statement(slot: str, place: int, observed: dict[str, Any]) -> dict[str, Any]:
    """What the agent of a slot, the one at `place`, says of what is observed; empty where it says nothing."""
    said: dict[str, Any] = {}
    if "members" in observed:
        said = {"role": Role.VOTER if slot in observed["members"] else Role.NONE}
    if place < len(observed.get("versions", ())):
        said |= {"version": str(observed["versions"][place])}
        said |= {"cluster_version": str(observed["cluster"]).rpartition(".")[0]}
    if place < observed.get("learners", 0):
        said |= {"role": Role.LEARNER}
    if place == 0 and "database" in observed:
        said |= {"database_bytes": observed["database"]}
    if "believed" in observed:
        prints = {domain: [fingerprint(name) for name in names] for domain, names in observed["believed"].items()}
        said |= {"trusted": prints, "has_data": True}
    return said


def status(slot: str, said: dict[str, Any]) -> MemberStatus:
    fields = {"slot": slot, "zone": "z", "boot_id": "b", "sequence": 1, "agent_version": "1", "state": State.RUNNING}
    return MemberStatus.model_validate(fields | {"cluster_id": 1} | said)
