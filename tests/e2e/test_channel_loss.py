"""The channel away, emptied and rolled back: unknown is never acted on, and nothing that was known is lost."""

from __future__ import annotations

import time

import pytest

from etcd_ops.agent.lock import TERM
from etcd_ops.model.records import FormationState, IntentKind
from etcd_ops.model.status import State
from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]

AWAY = 60.0
"""Seconds without the channel: much longer than the lock's term."""


def test_a_channel_away_for_a_minute_of_a_rollout_stops_it_and_nothing_else(
    either: Stack, load: Workload, records: Records
) -> None:
    """An unreachable channel means unknown: at most the step that was announced is finished, then nothing begins.

    It is away for longer than the lock's term: a lock that cannot be renewed is not held.
    """
    assert AWAY > 2 * TERM
    epoch, before = records.epoch(), either.member_pids()
    either.declare(etcd={"quota_backend_bytes": records.status("a-1").quota_bytes + 1024**2})
    with either.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up, load.mark("rollout"):
        records.announced(IntentKind.RESTART, after=epoch)
        with either.store.away():
            until = time.monotonic() + AWAY
            while time.monotonic() < until:
                load.wait_for(acknowledged=20)
            during = either.member_pids()
        output, _ = up.communicate(timeout=150)
    assert sum(during[slot] != before[slot] for slot in SLOTS) <= 1
    assert up.returncode == 0, output
    assert "channel: cannot be read" in output
    assert all(either.member_pids()[slot] != before[slot] for slot in SLOTS)


def test_an_emptied_channel_gets_its_formation_back_from_the_volumes(
    either: Stack, load: Workload, records: Records
) -> None:
    """Nothing is bootstrapped where a record is missing; the next `up` writes the document, higher than before."""
    formation, desired, pids = records.formation(), records.desired(), either.member_pids()
    assert formation is not None and desired is not None
    either.store.empty()
    either.eventually(lambda: records.formation() is not None, "the formation record is republished")
    restored = records.formation()
    assert restored is not None
    assert (restored.token, restored.state) == (formation.token, FormationState.FORMED)
    assert restored.started == formation.started
    either.eventually(lambda: all(held(records, slot) for slot in SLOTS), "every agent holds")
    either.up()
    rewritten = records.desired()
    assert rewritten is not None
    assert rewritten.generation > desired.generation
    assert rewritten.formation.token == desired.formation.token
    assert either.member_pids() == pids


def test_a_channel_rolled_back_changes_no_member(either: Stack, load: Workload, records: Records) -> None:
    """A document older than one that was seen is not obeyed; the next `up` writes the newest again, higher."""
    older = either.store.contents()
    quota = records.status("a-1").quota_bytes + 1024**2
    either.up(etcd={"quota_backend_bytes": quota})
    desired, pids = records.desired(), either.member_pids()
    assert desired is not None
    either.store.roll_back(older)
    either.eventually(lambda: all(held(records, slot) for slot in SLOTS), "every agent holds")
    either.up()
    rewritten = records.desired()
    assert rewritten is not None
    assert rewritten.generation > desired.generation
    assert rewritten.body == desired.body
    assert either.member_pids() == pids
    assert {records.status(slot).quota_bytes for slot in SLOTS} == {quota}


def held(records: Records, slot: str) -> bool:
    """The agent of a slot says that the channel forgot something."""
    status = records.find_status(slot)
    return status is not None and status.state is State.HELD and "the channel is behind" in status.reason
