"""Upgrades and downgrades, one minor version at a time, under load."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import MakeStack
from tests.e2e.stack import Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("versions")]

SNAPSHOT_COUNT = 100
WAY = ("3.6.15", "3.7.2", "3.6.15")


def versions(stack: Stack) -> set[str]:
    """What the members run."""
    return {each["version"] for each in stack.status()["members"]}


def test_from_3_5_up_to_3_7_and_back_to_3_6(make_stack: MakeStack, tmp_path: Path) -> None:
    # etcd 3.7 cannot replay what 3.5 wrote to its log: a raft snapshot made by 3.6 has to lie between.
    stack = make_stack("127.0.70", etcd={"version": "3.5.34", "snapshot_count": SNAPSHOT_COUNT})
    stack.up()
    assert versions(stack) == {"3.5.34"}
    with Workload(stack.context, tmp_path / "workload") as workload:
        for version in WAY:
            with workload.mark(f"to {version}"):
                stack.up(etcd={"version": version})
            assert versions(stack) == {version}
            workload.wait_for(acknowledged=2 * SNAPSHOT_COUNT)
    workload.check()
    refused = stack.preview(etcd={"version": "3.5.34"}, fails=True)
    assert "cluster.etcd.version" in refused.output
    stack.remove()
