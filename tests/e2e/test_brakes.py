"""Pause, observe-only and break-glass."""

from __future__ import annotations

import json

import pytest

from tests.e2e.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(300), pytest.mark.xdist_group("shared")]

LARGER = {"quota_backend_bytes": 3 * 1024**3}


def test_a_paused_cluster_changes_nothing_but_keeps_members_running(cluster: Stack) -> None:
    cluster.ops("pause")
    pid = cluster.member_pid("b-1")
    failed = cluster.up(etcd=LARGER, fails=True, deadline_seconds=15)
    assert "paused" in failed.output
    assert cluster.member_pid("b-1") == pid
    cluster.kill(pid)
    cluster.eventually(lambda: cluster.status()["quorum"]["healthy"] == 3, "the killed member runs again")
    cluster.ops("resume")
    cluster.up(deadline_seconds=120)
    assert cluster.in_order()


def test_a_paused_declaration_is_in_order(cluster: Stack) -> None:
    cluster.up(mode="paused")
    assert cluster.published("a-1").state.value == "PAUSED"
    cluster.up(mode="active")
    assert cluster.in_order()


def test_observing_says_what_would_be_done(cluster: Stack) -> None:
    cluster.ops("observe")
    pid = cluster.member_pid("b-1")
    failed = cluster.up(etcd=LARGER, fails=True, deadline_seconds=15)
    assert "would" in failed.output
    assert cluster.member_pid("b-1") == pid
    cluster.ops("resume")
    cluster.up(deadline_seconds=120)
    assert cluster.in_order()


def test_the_gate_holds_and_broken_glass_is_recorded(cluster: Stack) -> None:
    cluster.kill(cluster.agent_pid("c-1"))
    verdicts = json.loads(cluster.ops("gate", "--json").output)
    assert all(each["allowed"] for each in verdicts.values())
    refused = cluster.ops("break-glass", "no-such-reason", "--why", "test", expect=2)
    assert refused.status == 2
    cluster.ops("break-glass", "other-unhealthy", "--why", "a test")
    controls = json.loads((cluster.root / "channel" / "controls.json").read_text())
    assert controls["breakGlass"][-1]["why"] == "a test"
    cluster.ops("resume")


def test_the_log_says_who_did_what_and_why(cluster: Stack) -> None:
    actions = [json.loads(line) for line in cluster.ops("log", "--json", "--last", "500").output.splitlines()]
    steps = [each for each in actions if each["event"] == "step"]
    assert {"AcquireLock", "ReleaseLock"} <= {each["step"] for each in steps}
    assert all(each["reason"] for each in steps)
