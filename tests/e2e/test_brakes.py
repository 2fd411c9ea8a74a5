"""Pause, observe-only and break-glass."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from etcd_ops.channel.port import CONTROLS
from tests.e2e.stack import Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900), pytest.mark.xdist_group("shared")]

SILENT = "b-2"
LARGER = {"quota_backend_bytes": 3 * 1024**3}


def test_a_paused_cluster_changes_nothing_but_keeps_members_running(cluster: Stack, workload: Workload) -> None:
    cluster.ops("pause")
    pid = cluster.member_pid("b-1")
    failed = cluster.up(etcd=LARGER, fails=True, deadline_seconds=15)
    assert "paused" in failed.output
    assert cluster.member_pid("b-1") == pid
    cluster.kill(pid)
    cluster.eventually(lambda: cluster.status()["quorum"]["healthy"] == 3, "the killed member runs again")
    cluster.ops("resume")
    cluster.up(deadline_seconds=300)
    assert cluster.in_order()


def test_a_paused_declaration_is_in_order(cluster: Stack, workload: Workload) -> None:
    cluster.up(mode="paused")
    assert cluster.published("a-1").state.value == "PAUSED"
    cluster.up(mode="active")
    assert cluster.in_order()


def test_observing_says_what_would_be_done(cluster: Stack, workload: Workload) -> None:
    cluster.ops("observe")
    pid = cluster.member_pid("b-1")
    failed = cluster.up(etcd=LARGER, fails=True, deadline_seconds=15)
    assert "would" in failed.output
    assert cluster.member_pid("b-1") == pid
    cluster.ops("resume")
    cluster.up(deadline_seconds=300)
    assert cluster.in_order()


def test_broken_glass_lets_one_holder_of_the_lock_through(cluster: Stack, workload: Workload) -> None:
    """One voter of five stands still: a change can wait for it, until an operator says that this one need not."""
    cluster.up(size=5)
    since = time.time()
    with standing_still(cluster) as go_on:
        cluster.eventually(lambda: not gate(cluster)["a-1"]["allowed"], "the gate is closed")
        assert any("this step can wait for" in reason for reason in gate(cluster)["a-1"]["reasons"])
        cluster.declare(etcd=LARGER)
        with cluster.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up:
            cluster.eventually(lambda: held(cluster), "everybody waits for the stalled member")
            assert restarts(cluster, since) == []
            cluster.ops("break-glass", "other-unhealthy", "--why", "b-2 is being repaired")
            cluster.eventually(lambda: restarts(cluster, since) != [], "one member restarts")
            cluster.eventually(lambda: held(cluster), "everybody else waits again")
            assert len(restarts(cluster, since)) == 1
            go_on()
            output, _ = up.communicate(timeout=150)
            assert up.returncode == 0, output
    first, *others = restarts(cluster, since)
    assert first["facts"]["waived"] == ["other-unhealthy"]
    assert len(first["facts"]["healthy"]) == 4
    assert [each["facts"]["waived"] for each in others] == [[]] * 4
    cluster.ops("resume", "--why", "b-2 is back")
    orders = [each for each in actions(cluster) if each["event"] == "order"][-2:]
    assert [(each["order"], each["why"]) for each in orders] == [
        ("break-glass other-unhealthy", "b-2 is being repaired"), ("resume", "b-2 is back"),
    ]  # fmt: skip
    assert all("@" in each["by"] for each in orders)
    cluster.restore()
    cluster.up()


def test_an_unknown_reason_is_not_set_aside(cluster: Stack) -> None:
    before = cluster.store.contents()[CONTROLS]
    cluster.ops("break-glass", "no-such-reason", "--why", "test", expect=2)
    assert cluster.store.contents()[CONTROLS] == before


def test_the_log_says_who_did_what_and_why(cluster: Stack) -> None:
    steps = [each for each in actions(cluster) if each["event"] == "step"]
    assert {"AcquireLock", "ReleaseLock"} <= {each["step"] for each in steps}
    assert all(each["reason"] for each in steps)
    assert all(each["by"].startswith(f"{each['slot']}/") for each in steps)
    assert all(each["facts"]["generation"] for each in steps[-20:])


@contextmanager
def standing_still(stack: Stack) -> Iterator[Callable[[], None]]:
    """A member, and its agent, which would start it anew after a minute, until told to go on."""
    pids = (stack.agent_pid(SILENT), stack.member_pid(SILENT))

    def go_on() -> None:
        for pid in pids:
            with suppress(ProcessLookupError):  # the rollout has restarted it since
                stack.kill(pid, signal.SIGCONT)

    for pid in pids:
        stack.kill(pid, signal.SIGSTOP)
    try:
        yield go_on
    finally:
        go_on()


def gate(stack: Stack) -> dict[str, Any]:
    """The gate's verdict on each member."""
    verdicts: dict[str, Any] = json.loads(stack.ops("gate", "--json", expect=None).output)
    return verdicts


def held(stack: Stack) -> bool:
    """Nobody holds the lock; whose turn it is waits for the stalled member, and the others for whose turn it is."""
    report = stack.status()
    waiting = [each for each in report["members"] if each["name"] != SILENT and each["state"] == "WORKING"]
    gated = [each for each in waiting if "waits for the gate: not proven healthy" in each["reason"]]
    later = [each for each in waiting if "goes first" in each["reason"]]
    return not report["lock"] and bool(gated) and len(gated) + len(later) == len(waiting)


def actions(stack: Stack) -> list[dict[str, Any]]:
    """What agents did and operators ordered, oldest first."""
    return [json.loads(line) for line in stack.ops("log", "--json", "--last", "3000").output.splitlines()]


def restarts(stack: Stack, since: float) -> list[dict[str, Any]]:
    """The restarts that agents carried out, oldest first."""
    return [each for each in actions(stack) if each.get("step") == "RestartMember" and each["at"] > since]
