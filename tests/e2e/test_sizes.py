"""Growing, shrinking and moving: sequences of single steps, through the gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import MakeStack
from tests.e2e.stack import Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(400)]


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
    cluster.up(size=5)
    cluster.kill(cluster.agent_pid("b-1"))
    cluster.ops("pause")
    try:
        slots = {"a-1": "a", "c-1": "c", "a-2": "a", "b-2": "b", "b-1": None}
        cluster.declare(size=None, slots={slot: zone for slot, zone in slots.items() if zone})
        refused = cluster.preview(fails=True)
        assert "odd" in refused.output
    finally:
        cluster.ops("resume")
    cluster.up(slots={"a-1": "a", "c-1": "c", "b-2": "b"})
    assert cluster.in_order(3)
    assert {each["name"] for each in cluster.status()["members"]} == {"a-1", "c-1", "b-2"}
    workload.wait_for(acknowledged=20)
    cluster.up(slots={"a-1": "a", "c-1": "c", "b-1": "b"})
    assert cluster.in_order(3)


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
