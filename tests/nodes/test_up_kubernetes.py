"""`make up-kubernetes` and `make down-kubernetes`, as a newcomer calls them; and what is left afterwards: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.zone.process import send, wait_gone
from tests.e2e.clone import Clone
from tests.nodes.cluster import ZONES
from tests.nodes.exclusive import alone, owner
from tests.nodes.remains import left
from tests.nodes.stack import NEWER

pytestmark = [
    pytest.mark.nodes,
    pytest.mark.soak,
    pytest.mark.engine,
    pytest.mark.timeout(1800),
]

STACKS = ("kubernetes", "static-pods")
SLOTS = tuple(f"{zone}-1" for zone in ZONES)
SECONDS = 900.0
"""That a command may take."""


class Newcomer(Clone):
    """Who works with the stacks on Kubernetes."""

    def up(self) -> str:
        """Bring everything up."""
        return self.run("make up-kubernetes", seconds=SECONDS)

    def down(self) -> str:
        """Take everything down."""
        return self.run("make down-kubernetes", seconds=SECONDS)

    def by_hand(self, command: str) -> str:
        """Run a command line in the shell that `make env` gives."""
        return self.run(f'eval "$(make env)"; {command}')

    def status(self, stack: str) -> dict[str, Any]:
        """What `etcd-ops status --by-agents --json` says of a stack's cluster."""
        command = f".venv/bin/etcd-ops status --by-agents --json --context .state/{stack}/context.json"
        report: dict[str, Any] = json.loads(self.run(command))
        return report

    def ready_pods(self) -> dict[str, str]:
        """The node of every pod that is ready, by the pod's name, as the API server has them."""
        pods = json.loads(self.by_hand("kubectl get pods --all-namespaces --output=json"))["items"]
        return {
            pod["metadata"]["name"]: pod["spec"]["nodeName"]
            for pod in pods
            for condition in pod["status"].get("conditions", ())
            if (condition["type"], condition["status"]) == ("Ready", "True")
        }

    def kill_while(self, told: str) -> None:
        """Kill `make up-kubernetes`, and all that it runs, once it has told something."""
        with subprocess.Popen(
            ["make", "up-kubernetes"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        ) as running:  # fmt: skip
            assert running.stdout is not None
            heard = []
            for line in running.stdout:
                heard.append(line)
                if told in line:
                    break
            assert told in heard[-1], "".join(heard)
            os.killpg(running.pid, signal.SIGKILL)


@pytest.fixture
def clone(before: list[str]) -> Iterator[Newcomer]:
    with Newcomer.made() as made:
        made.commit()
        yield made
        made.down()


def test_from_a_clean_clone_to_nothing(clone: Newcomer, before: list[str]) -> None:
    clone.kill_while("generation 1 is written")
    shown = clone.up()
    three_members_in_three_zones(clone, shown)
    nothing_changes_when_repeated(clone)
    everything_works_by_hand(clone)
    an_edited_version_rolls(clone)
    clone.down()
    nothing_is_left(clone, before)
    assert "nothing to take down" in clone.down()


def three_members_in_three_zones(clone: Newcomer, shown: str) -> None:
    nodes = {slot: f"node-{slot[0]}" for slot in SLOTS}
    sets = {f"kubernetes-{slot}-0": node for slot, node in nodes.items()}
    mirrors = {f"static-pods-{slot}-{node}": node for slot, node in nodes.items()}
    assert (sets | mirrors).items() <= clone.ready_pods().items()
    assert all(name in shown for name in (*sets, *mirrors))
    assert shown.count("quorum: 3 of 3 voters healthy") == len(STACKS)
    for stack in STACKS:
        report = clone.status(stack)
        assert report["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
        assert {each["zone"] for each in report["members"]} == set(ZONES)


def nothing_changes_when_repeated(clone: Newcomer) -> None:
    pods, generations = clone.ready_pods(), [clone.status(stack)["generation"] for stack in STACKS]
    told = clone.up()
    assert not [word for word in (" created", " updated", " replaced", " deleted") if word in told]
    assert clone.ready_pods() == pods
    assert [clone.status(stack)["generation"] for stack in STACKS] == generations
    assert clone.changes() == ""


def everything_works_by_hand(clone: Newcomer) -> None:
    for stack in STACKS:
        clone.by_hand(f"pulumi preview -s {stack} --expect-no-changes --policy-pack policies")
    asked = json.loads(clone.by_hand("etcd-ops status --json --context .state/static-pods/context.json"))
    assert asked["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
    clone.by_hand('eval "$(etcd-ops env --context .state/static-pods/context.json)"; etcdctl endpoint health --cluster')
    assert "choose with --context" in clone.run(".venv/bin/etcd-ops status", expect=2)


def an_edited_version_rolls(clone: Newcomer) -> None:
    clone.edit(Path("stacks/Pulumi.static-pods.yaml"), "version: 3.6.15", f"version: {NEWER}")
    assert "run `make up-kubernetes`" in clone.run('eval "$(make env)"; pulumi preview -s static-pods', expect=1)
    clone.up()
    assert {each["version"] for each in clone.status("static-pods")["members"]} == {NEWER}
    assert NEWER not in {each["version"] for each in clone.status("kubernetes")["members"]}


def nothing_is_left(clone: Newcomer, before: list[str]) -> None:
    assert left() == before
    assert clone.left() == []
    assert not (clone.folder / ".state").exists()


def test_whatever_was_killed_nothing_is_left(clone: Newcomer, before: list[str]) -> None:
    clone.kill_while("generation 1 is written")
    keeper = owner()
    assert keeper is not None and send(keeper, signal.SIGKILL)
    assert wait_gone([keeper], 10) == []
    assert len(left()) > len(before)
    clone.down()
    nothing_is_left(clone, before)


def test_whoever_cannot_have_nodes_is_told_why(clone: Newcomer) -> None:
    assert "error: nodes need root" in clone.run("unshare --user python3 -m tools up-kubernetes", expect=1)
    with alone():
        told = clone.run("make up-kubernetes", expect=2, seconds=SECONDS)
    assert f"error: process {os.getpid()} " in told and "has Kubernetes nodes" in told
