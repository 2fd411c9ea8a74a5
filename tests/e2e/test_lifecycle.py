"""What declarations do to a healthy cluster."""

from __future__ import annotations

import pytest

from tests.e2e.stack import Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("shared")]


def test_first_start_gives_three_voters_in_three_zones(cluster: Stack) -> None:
    report = cluster.status()
    assert report["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
    assert report["gate"] == {"allowed": True, "reasons": []}
    assert {each["zone"] for each in report["members"]} == {"a", "b", "c"}
    assert sum(each["leader"] for each in report["members"]) == 1


def test_nothing_changes_where_nothing_is_declared(cluster: Stack, workload: Workload) -> None:
    pids = [cluster.member_pid(slot) for slot in ("a-1", "b-1", "c-1")]
    cluster.up("--expect-no-changes")
    cluster.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "e2e")
    assert [cluster.member_pid(slot) for slot in ("a-1", "b-1", "c-1")] == pids


def test_a_configuration_change_rolls_without_a_failed_write(cluster: Stack, workload: Workload) -> None:
    before = {slot: cluster.member_pid(slot) for slot in ("a-1", "b-1", "c-1")}
    with workload.mark("rolling restart"):
        cluster.up(etcd={"quota_backend_bytes": 3 * 1024**3})
    assert {each["quota_bytes"] for each in cluster.status()["members"]} == {3 * 1024**3}
    assert all(cluster.member_pid(slot) != pid for slot, pid in before.items())
    workload.wait_for(acknowledged=20)
