"""What a newcomer does: clone, `make up`, look, change, reboot, `make down`; and what is left afterwards: nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from etcd_ops.zone.process import everyone
from tools import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(600), pytest.mark.xdist_group("clone")]

SECONDS = 300.0
NETWORK = "127.0.75"
"""Not the stack's own, which a cluster of whoever runs the tests may have."""
STACK = Path("stacks/Pulumi.local.yaml")


class Clone:
    """A clone of what is in this one now, and the commands of its newcomer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".state" / "local"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "ETCD"))}
        kept.pop("VIRTUAL_ENV", None)
        outside = [each for each in os.environ["PATH"].split(os.pathsep) if not each.startswith(str(ROOT))]
        self.environment = kept | {"PATH": os.pathsep.join(outside)}

    def run(self, command: str) -> str:
        """Run a command line in the clone; its output."""
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def by_hand(self, command: str) -> str:
        """Run a command line in the shell that `make env` gives, with etcdctl prepared."""
        return self.run(f'eval "$(make env)"; eval "$(etcd-ops env)"; {command}')

    def status(self) -> dict[str, Any]:
        """What `etcd-ops status --json` says, inside the project and without further arguments."""
        report: dict[str, Any] = json.loads(self.run(".venv/bin/etcd-ops status --json"))
        return report

    def pids(self) -> set[int]:
        """Of every member's etcd."""
        return {json.loads(path.read_text())["pid"] for path in self.state.glob("volumes/*/member/running.json")}

    def zones(self) -> list[ZonePaths]:
        """The zones' paths."""
        return [ZonePaths(self.state, folder.name) for folder in sorted(self.state.glob("zones/*"))]

    def edit(self, before: str, after: str) -> None:
        """Change the stack's configuration."""
        path = self.folder / STACK
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def changes(self) -> str:
        """What `git status` lists."""
        return self.run("git status --porcelain")

    def left(self) -> list[object]:
        """Processes and mounts below the clone."""
        name = str(self.folder)
        processes = [each for each in everyone() if any(name in word for word in each.command)]
        return [*processes, *(line for line in Path("/proc/self/mounts").read_text().splitlines() if name in line)]


@pytest.fixture
def clone() -> Iterator[Clone]:
    made = Clone(Path(tempfile.mkdtemp(prefix="clone-")))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        target = made.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    made.edit("pulumi-etcd:size: 3", f"pulumi-etcd:size: 3\n  pulumi-etcd:addressing: {{network: {NETWORK}}}")
    made.run("git init -q; git add -A; git -c user.name=n -c user.email=e@example.org commit -qm all")
    yield made
    for zone in made.zones():
        power_off(zone)
    shutil.rmtree(made.folder)


def test_from_a_clean_clone_to_nothing(clone: Clone) -> None:
    assert "quorum: 3 of 3 voters healthy" in clone.run("make up")
    three_voters_in_three_zones(clone)
    nothing_changes_when_repeated(clone)
    everything_works_by_hand(clone)
    data_outlives_a_reboot(clone)
    an_edited_version_rolls(clone)
    sockets = {zone.socket.parent for zone in clone.zones()}
    clone.run("make down")
    assert clone.left() == []
    assert not any(path.exists() for path in sockets)
    assert not (clone.folder / ".state").exists()
    assert clone.changes() == f" M {STACK}\n"
    assert "nothing to take down" in clone.run("make down")


def three_voters_in_three_zones(clone: Clone) -> None:
    report = clone.status()
    assert report["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
    assert {each["zone"] for each in report["members"]} == {"a", "b", "c"}
    assert clone.by_hand("etcdctl endpoint health --cluster 2>&1").count("is healthy") == 3


def nothing_changes_when_repeated(clone: Clone) -> None:
    before = clone.pids()
    told = clone.run("make up")
    assert "unchanged" in told
    assert not [word for word in ("created", "updated", "replaced") if word in told]
    assert clone.pids() == before
    assert clone.changes() == ""


def everything_works_by_hand(clone: Clone) -> None:
    clone.by_hand("pulumi preview -s local --diff --expect-no-changes")
    clone.by_hand("pulumi refresh -s local --yes --expect-no-changes")
    clone.by_hand("pulumi up -s local --yes --policy-pack policies --expect-no-changes")
    assert "etcd Version" in clone.by_hand("etcd --version")


def data_outlives_a_reboot(clone: Clone) -> None:
    """No process is left, and neither is anything in /tmp."""
    clone.by_hand("etcdctl put greeting hello")
    cluster_id = clone.status()["cluster_id"]
    for zone in clone.zones():
        power_off(zone)
        shutil.rmtree(zone.socket.parent, ignore_errors=True)
    assert clone.left() == []
    clone.run("make up")
    assert clone.status()["cluster_id"] == cluster_id
    assert clone.by_hand("etcdctl get greeting --print-value-only") == "hello\n"


def an_edited_version_rolls(clone: Clone) -> None:
    clone.edit("version: 3.6.15", "version: 3.7.2")
    shown = " ".join(clone.by_hand("pulumi preview -s local --diff").split())
    assert '"3.6.15" => "3.7.2"' in shown
    clone.by_hand("pulumi up -s local --yes")
    assert {each["version"] for each in clone.status()["members"]} == {"3.7.2"}
    assert clone.by_hand("etcdctl get greeting --print-value-only") == "hello\n"
