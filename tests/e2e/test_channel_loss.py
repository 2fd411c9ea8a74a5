"""The channel away, emptied and rolled back: unknown is never acted on, and nothing that was known is lost."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from etcd_ops.agent.lock import TERM
from etcd_ops.model.records import FormationState, IntentKind
from etcd_ops.model.status import State
from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(300)]


def test_a_channel_away_during_a_rollout_stops_it_and_nothing_else(
    faulty: Stack, load: Workload, records: Records
) -> None:
    """An unreachable channel means unknown: at most the step that was announced is finished, then nothing begins.

    It is away for longer than the lock's term: a lock that cannot be renewed is not held.
    """
    epoch, before, channel = records.epoch(), faulty.member_pids(), directory(faulty)
    faulty.declare(etcd={"quota_backend_bytes": records.status("a-1").quota_bytes + 1024**2})
    with faulty.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up, load.mark("rollout"):
        records.announced(IntentKind.RESTART, after=epoch)
        away = channel.rename(channel.with_name("away"))
        until = time.monotonic() + TERM + 2
        while time.monotonic() < until:
            load.wait_for(acknowledged=20)
        assert not channel.exists()
        during = faulty.member_pids()
        away.rename(channel)
        output, _ = up.communicate(timeout=150)
    assert sum(during[slot] != before[slot] for slot in SLOTS) <= 1
    assert up.returncode == 0, output
    assert "channel: cannot be read" in output
    assert all(faulty.member_pids()[slot] != before[slot] for slot in SLOTS)


def test_an_emptied_channel_gets_its_formation_back_from_the_volumes(
    faulty: Stack, load: Workload, records: Records
) -> None:
    """Nothing is bootstrapped where a record is missing; the next `up` writes the document, higher than before."""
    formation, desired, pids = records.formation(), records.desired(), faulty.member_pids()
    assert formation is not None and desired is not None
    for path in directory(faulty).iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    faulty.eventually(lambda: records.formation() is not None, "the formation record is republished", 20)
    restored = records.formation()
    assert restored is not None
    assert (restored.token, restored.state) == (formation.token, FormationState.FORMED)
    assert restored.started == formation.started
    faulty.eventually(lambda: all(held(records, slot) for slot in SLOTS), "every agent holds", 30)
    faulty.up()
    rewritten = records.desired()
    assert rewritten is not None
    assert rewritten.generation > desired.generation
    assert rewritten.formation.token == desired.formation.token
    assert faulty.member_pids() == pids


def test_a_channel_rolled_back_changes_no_member(
    faulty: Stack, load: Workload, records: Records, tmp_path: Path
) -> None:
    """A document older than one that was seen is not obeyed; the next `up` writes the newest again, higher."""
    channel, copy = directory(faulty), tmp_path / "copy"
    shutil.copytree(channel, copy)
    quota = records.status("a-1").quota_bytes + 1024**2
    faulty.up(etcd={"quota_backend_bytes": quota})
    desired, pids = records.desired(), faulty.member_pids()
    assert desired is not None
    channel.rename(tmp_path / "newer")
    shutil.copytree(copy, channel)
    faulty.eventually(lambda: all(held(records, slot) for slot in SLOTS), "every agent holds", 30)
    faulty.up()
    rewritten = records.desired()
    assert rewritten is not None
    assert rewritten.generation > desired.generation
    assert rewritten.body == desired.body
    assert faulty.member_pids() == pids
    assert {records.status(slot).quota_bytes for slot in SLOTS} == {quota}


def directory(stack: Stack) -> Path:
    """The channel's directory."""
    return Path(stack.connection["directory"])


def held(records: Records, slot: str) -> bool:
    """The agent of a slot says that the channel forgot something."""
    status = records.find_status(slot)
    return status is not None and status.state is State.HELD and "the channel is behind" in status.reason
