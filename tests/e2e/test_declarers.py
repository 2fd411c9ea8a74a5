"""Two stacks and one channel; and a holder of the lock that wakes up after others have gone on."""

from __future__ import annotations

import fcntl
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from etcd_ops.channel.folder import LOCK_FILE
from etcd_ops.model.records import IntentKind
from tests.e2e.conftest import MakeStack
from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


@pytest.mark.directory_channel
def test_a_second_owner_is_refused_and_harms_nobody(
    faulty: Stack, load: Workload, records: Records, make_stack: MakeStack
) -> None:
    """A channel belongs to the stack whose URN its document carries: another one is refused in its preview.

    Without a preview its zones and members are made first: neither they nor taking them down changes the cluster.
    """
    before, formation, pids = records.desired(), records.formation(), faulty.member_pids()
    other = make_stack("127.0.63", project="other", channel=faulty.channel)
    previewed = other.pulumi("up", "--yes", "--stack", "e2e", expect=None)
    assert not other.root.exists()
    for refused in (previewed, other.up(fails=True)):
        assert refused.status != 0
        assert "it holds the cluster of urn:pulumi:e2e::e2e::" in refused.output
        assert "formerOwner" in refused.output
    removed = other.destroy()
    assert "is left as it is: it holds the cluster of urn:pulumi:e2e::e2e::" in removed.output
    assert records.desired() == before
    assert records.formation() == formation
    assert faulty.member_pids() == pids


@pytest.mark.directory_channel
def test_a_holder_that_stalls_does_nothing_once_it_wakes(faulty: Stack, load: Workload, records: Records) -> None:
    """What was announced is only sent by who still holds the lock: it is read again right before.

    The holder is stopped between its announcement and the restart it announced; it wakes when another agent has
    taken the lock over.
    """
    before = faulty.member_pids()
    agents = {slot: faulty.agent_pid(slot) for slot in SLOTS}
    faulty.declare(etcd={"quota_backend_bytes": records.status("a-1").quota_bytes + 1024**2})
    with faulty.running("up", "--yes", "--skip-preview", "--stack", "e2e") as up, load.mark("rollout"):
        stalled, since = _stall(faulty, records, agents)
        try:
            faulty.eventually(lambda: _holder(records) not in ("", stalled), "another agent takes the lock over")
            assert faulty.member_pid(stalled) == before[stalled]
        finally:
            faulty.kill(agents[stalled], signal.SIGCONT)
        faulty.eventually(lambda: bool(faulty.refusals(stalled, since)), f"{stalled} says that it does nothing")
        output, _ = up.communicate(timeout=150)
    assert up.returncode == 0, output
    restarts = {slot: [at for at, step in faulty.done(slot, since) if step == "RestartMember"] for slot in SLOTS}
    assert [len(times) for times in restarts.values()] == [1, 1, 1]
    assert min(restarts, key=lambda slot: restarts[slot][0]) != stalled


def _stall(stack: Stack, records: Records, agents: dict[str, int]) -> tuple[str, float]:
    """Stop a holder that announces a restart, before it has begun it; its slot, and when.

    On a busy machine one may have begun already: it goes on, and the next one is tried.
    """
    since, epoch, pids = time.time(), records.epoch(), stack.member_pids()
    while True:
        lock = records.announced(IntentKind.RESTART, after=epoch)
        assert lock.intent is not None
        slot, epoch = lock.intent.slot, lock.epoch
        with nobody_writing(stack):
            stack.kill(agents[slot], signal.SIGSTOP)
            stack.eventually(partial(_is_stopped, agents[slot]), "the holder is stopped")
        if _goes_on(pids[slot]):
            return slot, since
        stack.kill(agents[slot], signal.SIGCONT)


def _goes_on(pid: int) -> bool:
    """Whether nothing ends a process for two seconds: etcd that was told to end takes less."""
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        if not Path("/proc", str(pid)).exists():
            return False
        time.sleep(0.05)
    return True


@contextmanager
def nobody_writing(stack: Stack) -> Iterator[None]:
    """Hold the directory's own lock: whoever is stopped now does not keep it from everybody else."""
    with Path(stack.connection["directory"], LOCK_FILE).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_stopped(pid: int) -> bool:
    """By the letter with which the kernel names a process's state."""
    return Path("/proc", str(pid), "stat").read_text().rsplit(") ", 1)[1][0] == "T"


def _holder(records: Records) -> str:
    """The slot of the lock's holder; empty where it is free."""
    lock = records.lock()
    return lock.holder.split("/")[0] if lock else ""
