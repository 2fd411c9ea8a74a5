"""What keeps a cluster safe, one guard at a time: how it is taken away, where it is needed, and what the judge says.

A simulation that finds nothing proves little unless it finds what is there. Each guard names the shipped code that it
switches off, the schedules in which somebody leans on it, and a part of what must be noticed then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from etcd_ops.agent import execute
from etcd_ops.agent.execute import StepFailed
from etcd_ops.agent.lock import Lock
from etcd_ops.etcd import Header, MemberList
from etcd_ops.model import decisions, gate, transitions
from etcd_ops.model.decisions import authorising, forming, joining, leaves, recovering, standing, terminating, view
from etcd_ops.model.decisions.view import Decision, View
from etcd_ops.model.gate import Verdict
from etcd_ops.model.records import FormationRecord, FormationState, Intent, LockRecord
from etcd_ops.model.status import State
from etcd_ops.model.steps import VacateMachine
from etcd_ops.runtime import verdict as launcher
from tests.simulation import world
from tests.simulation.pods import SimulatedPod
from tests.simulation.ports import SimulatedEtcd
from tests.simulation.run import Run, Setting
from tests.simulation.servers import Server
from tests.simulation.serving import Serving
from tests.simulation.store import Store

Removal = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard of the shipped code."""

    name: str
    remove: Removal
    kinds: dict[str, float]
    """What happens in the schedules that lean on it, with weights."""
    noticed: str
    """What the judge says, in part."""
    setting: Setting


GUARDS: list[Guard] = []
THREE = Setting()
"""Three members, formed, with the newest patch of 3.6."""


def guard(name: str, kinds: dict[str, float], noticed: str, setting: Setting = THREE) -> Callable[[Removal], Removal]:
    """Register the way in which a guard is taken away."""

    def register(remove: Removal) -> Removal:
        GUARDS.append(Guard(name, remove, kinds, noticed, setting))
        return remove

    return register


def _without(*rules: object) -> AbstractContextManager[Any]:
    """`decide` without some of its rules."""
    kept = tuple(each for each in decisions._RULES if each not in rules)
    standing_kept = tuple(each for each in decisions._STANDING if each not in rules)
    return patch.multiple(decisions, _RULES=kept, _STANDING=standing_kept)


def _answers(target: object, name: str, value: object) -> AbstractContextManager[Any]:
    """A function that always gives the same answer."""
    return patch.object(target, name, lambda *_, **__: value)


CHANGING = {"configuration": 4.0, "newer version": 2.0, "up again": 1.0, "writes": 1.0}
LOSING = {"etcd killed": 3.0, "zone off": 2.0, "member isolated": 2.0, "supervisor gives up": 1.0}
SLOWLY = {"configuration": 5.0, "slow stop": 5.0}


@guard("safety gate", CHANGING | LOSING, "voters are left")
def _gate() -> AbstractContextManager[Any]:
    return _answers(view, "judge", Verdict(allowed=True))


@guard("terminations wait for the gate", LOSING | {"machine is to be terminated": 4.0}, "voters are left")
def _terminations() -> AbstractContextManager[Any]:
    """A machine whose platform wants rid of it stops its member at once."""

    def hastily(seen: View) -> Decision | None:
        step = VacateMachine(slot=seen.slot, member_id=0, request=None, reason="")
        return Decision(step, State.WORKING, "")

    return patch.object(terminating, "_vacate", hastily)


@guard("reads are linearizable", CHANGING | LOSING | {"follower lags": 6.0, "replace a slot": 2.0}, "")
@contextmanager
def _linearizable() -> Iterator[None]:
    """Whoever answers counts as healthy, and its member list as the list."""

    async def read(etcd: SimulatedEtcd, endpoint: str, *, timeout: float) -> Header:
        status = await etcd.status(endpoint, timeout=timeout)
        return Header(status.cluster_id, status.member_id, status.revision, status.raft_term)

    def members(serving: Serving, server: Server) -> MemberList:
        return serving.known_members(server)

    with patch.object(SimulatedEtcd, "linearizable_read", read), patch.object(Serving, "members", members):
        yield


@guard("lock", CHANGING | {"grow": 3.0, "shrink": 3.0}, " while ")
@contextmanager
def _lock() -> Iterator[None]:
    """Every agent has a lock of its own."""
    records: WeakKeyDictionary[Lock, LockRecord] = WeakKeyDictionary()

    async def read(lock: Lock) -> None:
        lock._record = records.get(lock)

    async def write(lock: Lock, holder: str, epoch: int, intent: Intent | None) -> bool:
        record = LockRecord(epoch=epoch, holder=holder, nonce=lock._nonce(), term=lock._term, intent=intent)
        lock._record = records[lock] = record
        lock._mine, lock._written = record.nonce, lock._clock.boottime()
        return True

    with patch.multiple(Lock, _read=read, _write=write):
        yield


@guard("the lock expires by the observer's own clock", CHANGING | {"grow": 2.0, "shrink": 1.0}, " while ")
def _expiry() -> AbstractContextManager[Any]:
    return _answers(Lock, "_expired", True)


@guard(
    "nothing is sent when the lock may be another's",
    SLOWLY | {"agent stalls between staging and stopping": 4.0},
    " while ",
)
@contextmanager
def _confirmation() -> Iterator[None]:
    async def believe(lock: Lock, deadline: float) -> float:
        return deadline

    with patch.object(Lock, "confirm", believe), _answers(Lock, "remaining", 5.0):
        yield


@guard("conditional writes", SLOWLY | {"channel write lands late": 5.0, "grow": 3.0, "shrink": 2.0}, " while ")
def _conditions() -> AbstractContextManager[Any]:
    return patch.object(Store, "swap", lambda store, name, data, tag: store.put(name, data))


@guard(
    "a formed cluster is never formed again",
    {"disk wiped": 5.0, "writes": 5.0, "agent killed": 1.0, "configuration": 1.0},
    "",
    Setting(quorum_losses=True),
)
def _formation() -> AbstractContextManager[Any]:
    """Founders without data start as they did the first time, whatever the record says."""
    shipped = forming.forming_rule

    def again(seen: view.View) -> Any:
        record, volume = seen.formation, seen.facts.volume
        if record is None or volume is None or volume.has_data or record.state is not FormationState.FORMED:
            return shipped(seen)
        return forming._first_start(seen, record) if seen.slot in record.founders else shipped(seen)

    rules = tuple(again if each is shipped else each for each in decisions._RULES)
    return patch.object(decisions, "_RULES", rules)


@guard("volume marker", {"volume not mounted": 5.0, "configuration": 2.0, "writes": 1.0}, "not certainly its own")
def _marker() -> AbstractContextManager[Any]:
    return _without(standing.volume_rule)


@guard("data of another cluster stays where it is", {"foreign data": 5.0, "configuration": 1.0, "writes": 1.0}, "")
def _foreign() -> AbstractContextManager[Any]:
    return _without(standing.foreign_data_rule)


@guard("the launcher knows whose data it starts", {"foreign data": 4.0, "etcd killed": 2.0}, "two histories")
def _identity() -> AbstractContextManager[Any]:
    return _answers(launcher, "_data_refusal", "")


@guard(
    "fence",
    {"hasty recovery": 8.0, "most zones off": 2.0, "writes": 4.0},
    "",
    Setting(quorum_losses=True),
)
@contextmanager
def _fence() -> Iterator[None]:
    """Data of an older incarnation starts, nobody gives way, and the survivor waits for nobody to be stopped."""
    shipped = recovering._after

    def survivor_only(seen: view.View, record: FormationRecord) -> view.Decision | None:
        return shipped(seen, record) if record.survivor in (None, seen.slot) else None

    with (
        _answers(launcher, "_incarnation_refusal", ""),
        _answers(recovering, "stopped", True),
        _answers(recovering, "_give_way", None),
        patch.object(recovering, "_after", survivor_only),
    ):
        yield


@guard(
    "survivors have a vote",
    {"replace a slot": 3.0, "grow": 2.0, "hasty recovery": 5.0, "most zones off": 4.0},
    "has no voter",
    Setting(quorum_losses=True),
)
def _survivor_votes() -> AbstractContextManager[Any]:
    return _answers(recovering, "_no_vote", None)


@guard(
    "leaves wait until all believe their issuer", {"next trust generation": 8.0, "etcd killed": 1.0}, "does not trust"
)
@contextmanager
def _barrier() -> Iterator[None]:
    with _answers(leaves, "barrier", None), _answers(transitions, "rotation_problems", ()):
        yield


@guard(
    "facts are not acted on when they are old",
    {"agent stalls": 8.0, "volume not mounted": 4.0, "configuration": 3.0},
    "",
)
def _stale() -> AbstractContextManager[Any]:
    return patch.object(world, "PACE", replace(world.PACE, stale=1e9))


@guard(
    "a learner votes once it has caught up",
    {"grow": 4.0, "shrink": 1.0, "follower lags": 5.0, "writes": 8.0, "etcd killed": 3.0},
    "promote",
)
def _caught_up() -> AbstractContextManager[Any]:
    return _answers(gate, "_promotion_reasons", [])


@guard(
    "automatic replacements are counted", {"disk wiped": 8.0, "writes": 1.0}, "replacements", Setting(replacements=1)
)
def _counted() -> AbstractContextManager[Any]:
    return _answers(joining, "_recent", 0)


@guard("pause", {"paused": 2.0, "operator pauses": 2.0, "configuration": 6.0, "grow": 1.0}, "left alone")
def _pause() -> AbstractContextManager[Any]:
    return _without(standing.mode_rule)


@guard("observe-only", {"observe only": 2.0, "operator pauses": 2.0, "configuration": 6.0, "grow": 1.0}, "left alone")
def _observe() -> AbstractContextManager[Any]:
    return _answers(decisions, "observe_only", False)


@guard(
    "an emptied or rolled-back channel",
    {"channel snapshot": 2.0, "grow": 2.0, "channel rolled back": 4.0},
    "",
)
def _behind() -> AbstractContextManager[Any]:
    return _without(standing.behind_rule)


@guard(
    "agents judge documents themselves",
    {"somebody writes a forbidden document": 4.0, "up again": 1.0, "writes": 1.0},
    "which is declared",
)
def _judgement() -> AbstractContextManager[Any]:
    return _answers(authorising, "unauthorised", ())


@guard(
    "nothing is formed beside members that serve",
    {"agent stalls": 6.0, "channel emptied": 3.0, "stack's state lost": 4.0, "grow": 4.0, "up again": 2.0},
    "two histories",
    Setting(members=1),
)
@contextmanager
def _beside() -> Iterator[None]:
    """The simulated people as well do not keep a memory for themselves."""
    with _answers(forming, "_serves_already", None), _answers(Run, "is_remembered", True):
        yield


PODS = Setting(pods=True)
LOSING_ANSWERS = {"another pod": 6.0, "deletion of a pod without an answer": 6.0, "API server away": 2.0}


@guard("a deletion without an answer keeps the lock", LOSING_ANSWERS, " while ", PODS)
def _unanswered() -> AbstractContextManager[Any]:
    """It is taken for one that did not happen."""

    async def at_once(*_: object) -> StepFailed:
        return StepFailed("no answer")

    return patch.object(execute, "_looked_into", at_once)


@guard("a pod that is to go keeps the lock", LOSING_ANSWERS | {"etcd killed": 4.0}, " while ", PODS)
def _leaving() -> AbstractContextManager[Any]:
    """Whoever still serves counts as settled, and gives the lock back when the gate refuses what is to be done next."""

    async def never(pod: SimulatedPod) -> bool:
        return False

    return patch.object(SimulatedPod, "leaving", never)


@guard(
    "no pod is deleted once the time of its step is over",
    {"another pod": 6.0, "agent stalls while it has its pod made anew": 6.0},
    " while ",
    PODS,
)
def _in_time() -> AbstractContextManager[Any]:
    return patch.object(execute, "_time_left", lambda *_: lambda: 5.0)
