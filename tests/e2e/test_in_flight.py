"""A holder of the lock that stalls while its request is on the way, and a request that lands after others went on."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from etcd_ops.channel.folder import TEMPORARY
from etcd_ops.model.records import IntentKind
from etcd_ops.model.status import MemberStatus
from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack
from tests.e2e.test_declarers import nobody_writing
from tests.workload.workload import Workload

pytestmark = [
    pytest.mark.engine,
    pytest.mark.etcd,
    pytest.mark.timeout(900),
    pytest.mark.directory_channel,
    pytest.mark.xdist_group("shared"),
]

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def test_a_removal_lands_after_another_agent_has_gone_on(cluster: Stack, workload: Workload) -> None:
    """The holder's request waits in the socket of its own, stopped member, until everybody else is done."""
    cluster.up(size=5)
    since = time.time()
    cluster.declare(size=3)
    with (
        Records(cluster.connection) as records,
        cluster.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up,
    ):
        slot, target = _request_in_flight(cluster, records)
        agent, server = cluster.agent_pid(slot), cluster.member_pid(slot)
        try:
            cluster.eventually(lambda: _removed(cluster, since, but=slot) >= {target}, f"{target} is removed")
            assert cluster.member_pid(slot) == server
        finally:
            cluster.kill(server, signal.SIGCONT)
            cluster.kill(agent, signal.SIGCONT)
        cluster.eventually(lambda: bool(cluster.refusals(slot, since)), f"{slot} says what its request came to")
        output, _ = up.communicate(timeout=200)
    assert up.returncode == 0, output
    assert cluster.in_order(3)
    workload.wait_for(acknowledged=20)


def _request_in_flight(stack: Stack, records: Records) -> tuple[str, str]:
    """Stop the first holder whose request for a removal nobody has read; its slot, and the one to be removed."""
    slot = _decided(stack, records)
    agent = stack.agent_pid(slot)
    _until(lambda: _unread(agent) > 0)
    stack.kill(agent, signal.SIGSTOP)
    lock = records.lock()
    assert lock is not None and lock.intent is not None and lock.intent.kind is IntentKind.REMOVE
    return slot, lock.intent.slot


def _decided(stack: Stack, records: Records) -> str:
    """The slot whose agent holds the lock and has decided on a removal; its member is stopped from now on.

    The agent has seen the member healthy, and waits: the status that it publishes before it acts cannot be written.
    """
    end = time.monotonic() + 60.0
    while time.monotonic() < end:
        with nobody_writing(stack):
            lock = records.lock()
            slot = lock.holder.split("/")[0] if lock is not None and lock.intent is None else ""
            if slot and _appears(partial(_decides, stack, slot, "RemoveMember")):
                stack.kill(stack.member_pid(slot), signal.SIGSTOP)
                return slot
        time.sleep(0.02)
    raise AssertionError("nobody decided on a removal")


def _decides(stack: Stack, slot: str, step: str) -> bool:
    """Whether the agent of a slot is about to do this, by the status that it has prepared and may not publish yet."""
    for path in Path(stack.connection["directory"]).glob(f"{TEMPORARY}*"):
        with suppress(ValidationError, FileNotFoundError):
            status = MemberStatus.decode(path.read_bytes())
            if status.slot == slot and status.step is not None and status.step.kind == step:
                return True
    return False


def _removed(stack: Stack, since: float, *, but: str) -> set[str]:
    """Slots whose members the agents of others than `but` have removed."""
    return {
        each["target"]
        for slot in SLOTS
        if slot != but
        for each in stack.actions(slot, since)
        if each["event"] == "step" and each["step"] == "RemoveMember"
    }


def _unread(pid: int) -> int:
    """Bytes that this process has sent on its loopback connections, and nobody has read: see proc(5), /proc/net/tcp."""
    mine = {str(link.readlink()) for link in Path("/proc", str(pid), "fd").iterdir() if link.is_symlink()}
    rows = [line.split() for table in TABLES for line in Path(table).read_text().splitlines()[1:]]
    ends = {(_address(row[1]), _address(row[2])) for row in rows if f"socket:[{row[9]}]" in mine}
    return sum(int(row[4].split(":")[1], 16) for row in rows if (_address(row[2]), _address(row[1])) in ends)


def _address(end: str) -> str:
    """Address and port; one of IPv4 that is mapped into IPv6 as the one it stands for."""
    address, port = end.split(":")
    return f"{address[-8:]}:{port}"


def _until(condition: Callable[[], bool]) -> None:
    assert _appears(condition, 5.0), "it never came to pass"


def _appears(condition: Callable[[], bool], seconds: float = 1.0) -> bool:
    """Poll closely: what is waited for lasts milliseconds."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.001)
    return met
