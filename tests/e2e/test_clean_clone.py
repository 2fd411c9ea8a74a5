"""What a newcomer does: clone, `make up`, look, change, reboot, `make down`; and what is left afterwards: nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from tests.e2e.clone import Clone

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("clone")]

NETWORK = "127.0.75"
"""Not the stack's own, which a cluster of whoever runs the tests may have."""
STACK = Path("stacks/Pulumi.local.yaml")


class Newcomer(Clone):
    """Who works with the stack `local`."""

    @property
    def state(self) -> Path:
        """The cluster's directory."""
        return self.folder / ".state" / "local"

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


@pytest.fixture
def clone() -> Iterator[Newcomer]:
    with Newcomer.made() as made:
        made.edit(
            STACK, "pulumi-etcd:size: 3", f"pulumi-etcd:size: 3\n  pulumi-etcd:addressing: {{network: {NETWORK}}}"
        )
        made.commit()
        yield made
        for zone in made.zones():
            power_off(zone)


def test_from_a_clean_clone_to_nothing(clone: Newcomer) -> None:
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


def three_voters_in_three_zones(clone: Newcomer) -> None:
    report = clone.status()
    assert report["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
    assert {each["zone"] for each in report["members"]} == {"a", "b", "c"}
    assert clone.by_hand("etcdctl endpoint health --cluster 2>&1").count("is healthy") == 3


def nothing_changes_when_repeated(clone: Newcomer) -> None:
    before = clone.pids()
    told = clone.run("make up")
    assert "unchanged" in told
    assert not [word for word in ("created", "updated", "replaced") if word in told]
    assert clone.pids() == before
    assert clone.changes() == ""


def everything_works_by_hand(clone: Newcomer) -> None:
    clone.by_hand("pulumi preview -s local --diff --expect-no-changes")
    clone.by_hand("pulumi refresh -s local --yes --expect-no-changes")
    clone.by_hand("pulumi up -s local --yes --policy-pack policies --expect-no-changes")
    assert "etcd Version" in clone.by_hand("etcd --version")


def data_outlives_a_reboot(clone: Newcomer) -> None:
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


def an_edited_version_rolls(clone: Newcomer) -> None:
    clone.edit(STACK, "version: 3.6.15", "version: 3.7.2")
    shown = " ".join(clone.by_hand("pulumi preview -s local --diff").split())
    assert '"3.6.15" => "3.7.2"' in shown
    clone.by_hand("pulumi up -s local --yes")
    assert {each["version"] for each in clone.status()["members"]} == {"3.7.2"}
    assert clone.by_hand("etcdctl get greeting --print-value-only") == "hello\n"
