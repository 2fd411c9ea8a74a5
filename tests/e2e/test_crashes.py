"""SIGKILL of everything that runs, under load: the rest serves on, and what was killed comes back by itself."""

from __future__ import annotations

import json
import time

import pytest

from etcd_ops.model.records import IntentKind
from etcd_ops.zone.identity import find_supervisor, find_watchdog
from etcd_ops.zone.paths import ZonePaths
from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


def follower(stack: Stack) -> str:
    """Some slot that does not lead."""
    leader = stack.leader()
    return next(slot for slot in SLOTS if slot != leader)


def test_a_killed_member_starts_again(faulty: Stack, load: Workload) -> None:
    """An intact member starts without lock, gate or channel: its supervisor alone brings it back."""
    slot = follower(faulty)
    pid = faulty.member_pid(slot)
    faulty.kill(pid)
    faulty.eventually(lambda: faulty.member_pid(slot) != pid, f"{slot} runs again")


def test_a_killed_leader_is_replaced(faulty: Stack, load: Workload) -> None:
    """In a later term: by then the killed one may be back, and have won an election itself."""
    term = _raft_term(faulty)
    with load.mark("leader"):
        faulty.kill(faulty.member_pid(faulty.leader()))
        load.wait_for(acknowledged=20, timeout=15)
    assert _raft_term(faulty) > term


def _raft_term(stack: Stack) -> int:
    header = json.loads(stack.etcdctl("get", "any", "--write-out", "json"))["header"]
    return int(header["raft_term"])


def test_an_agent_killed_in_mid_step_is_succeeded(either: Stack, load: Workload, records: Records) -> None:
    """What a vanished holder announced is waited out before anybody else disturbs a member; the rollout goes on.

    It also rolls every member: on each kind of channel the declared change ends up everywhere.
    """
    agents = {slot: either.agent_pid(slot) for slot in SLOTS}
    members = either.member_pids()
    epoch, quota = records.epoch(), records.status("a-1").quota_bytes
    either.declare(etcd={"quota_backend_bytes": quota + 1024**2})
    with either.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up, load.mark("rollout"):
        lock = records.announced(IntentKind.RESTART, after=epoch)
        announced = time.time()
        assert lock.intent is not None
        victim = lock.intent.slot
        either.kill(agents[victim])
        assert "RestartMember" not in [step for _, step in either.done(victim, since=announced - 5)]
        output, _ = up.communicate(timeout=150)
    assert up.returncode == 0, output
    assert either.agent_pid(victim) != agents[victim]
    assert all(either.member_pid(slot) != pid for slot, pid in members.items())
    assert {records.status(slot).quota_bytes for slot in SLOTS} == {quota + 1024**2}
    taken = min(at for slot in SLOTS for at, step in either.done(slot, since=announced) if step == "AcquireLock")
    assert taken - announced >= lock.term + lock.intent.deadline - 1


def test_a_killed_supervisor_is_revived_by_its_watchdog(faulty: Stack, load: Workload) -> None:
    """Its member dies with it and never runs unsupervised: no second one can be started beside it."""
    zone = faulty.zone(follower(faulty))
    supervisor = find_supervisor(zone)
    assert supervisor is not None
    faulty.kill(supervisor.pid)
    faulty.eventually(lambda: revived(zone, supervisor.pid), "the watchdog revives the supervisor")


def test_a_zone_without_supervisor_and_watchdog_is_brought_back_by_up(faulty: Stack, load: Workload) -> None:
    zone = faulty.zone(follower(faulty))
    for found in (find_watchdog(zone), find_supervisor(zone)):
        assert found is not None
        faulty.kill(found.pid)
    load.wait_for(acknowledged=20)
    faulty.up()


def revived(zone: ZonePaths, before: int) -> bool:
    """Another supervisor runs."""
    found = find_supervisor(zone)
    return found is not None and found.pid != before
