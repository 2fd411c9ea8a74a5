"""Growing, shrinking and moving: sequences of single steps, through the gate."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeStack
from tests.e2e.stack import Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


@pytest.mark.xdist_group("shared")
def test_three_to_five_to_three(cluster: Stack, workload: Workload) -> None:
    with workload.mark("grow"):
        cluster.up(size=5)
    assert cluster.in_order(5)
    assert cluster.status()["quorum"] == {"size": 3, "voters": 5, "healthy": 5}
    with workload.mark("shrink"):
        cluster.up(size=3)
    assert cluster.in_order(3)
    assert not cluster.volume("a-2").exists()
    workload.wait_for(acknowledged=20)


@pytest.mark.xdist_group("shared")
def test_an_unhealthy_slot_that_is_not_the_newest_is_dropped(cluster: Stack, workload: Workload) -> None:
    """Among those dropped the unhealthy one goes first, and no healthy one before the quorum allows it."""
    cluster.up(size=5)
    stalled = cluster.member_pid("b-1")
    cluster.kill(stalled, signal.SIGSTOP)
    cluster.declare(size=None, slots={"a-1": "a", "c-1": "c", "b-2": "b"})
    with cluster.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up:
        cluster.eventually(lambda: "b-1" not in listed(cluster), "b-1 is removed")
        cluster.kill(stalled, signal.SIGCONT)
        assert up.wait(120) == 0
    assert cluster.in_order(3)
    removed = [each["target"] for each in actions(cluster) if each.get("step") == "RemoveMember"]
    assert removed[-2:] == ["b-1", "a-2"]
    workload.wait_for(acknowledged=20)


def listed(stack: Stack) -> set[str]:
    """Names in the member list."""
    return {each["name"] for each in json.loads(stack.ops("members", "--json").output)}


def actions(stack: Stack) -> list[dict[str, str]]:
    """What the agents did, oldest first."""
    return [json.loads(line) for line in stack.ops("log", "--json", "--last", "500").output.splitlines()]


@pytest.mark.xdist_group("small")
def test_one_to_three_to_one(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack("127.0.71", size=1)
    stack.up()
    refused = stack.up(etcd={"quota_backend_bytes": 3 * 1024**3}, fails=True, deadline_seconds=8)
    assert "allowOutage" in refused.output
    stack.restore()
    stack.up()
    with Workload(stack.context, tmp_path / "workload") as workload:
        stack.up(size=3)
        assert stack.in_order(3)
        stack.up(size=1)
        assert stack.in_order(1)
        workload.wait_for(acknowledged=20)
    workload.check()
    stack.up(etcd={"quota_backend_bytes": 3 * 1024**3}, allow_outage=True)
    assert stack.in_order(1)
    stack.remove()
