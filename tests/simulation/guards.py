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

from etcd_ops.agent import observing
from etcd_ops.agent.lock import Lock
from etcd_ops.model import decisions, gate, transitions
from etcd_ops.model.decisions import changing, forming, joining, recovering, standing, view
from etcd_ops.model.facts import LockFacts
from etcd_ops.model.gate import Verdict
from etcd_ops.model.records import FormationState
from etcd_ops.rollout import refusals
from etcd_ops.runtime import verdict as launcher
from tests.simulation import world
from tests.simulation.run import Setting
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
    setting: Setting = Setting()


GUARDS: list[Guard] = []


def guard(
    name: str, kinds: dict[str, float], noticed: str, setting: Setting = Setting()
) -> Callable[[Removal], Removal]:
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
STALLING = {"agent stalls": 3.0, "agent stalls with a request in flight": 6.0, "slow network": 1.0}


@guard("safety gate", CHANGING | LOSING, "voters are left")
def _gate() -> AbstractContextManager[Any]:
    return _answers(view, "judge", Verdict(allowed=True))


@guard("a linearizable read proves health", CHANGING | LOSING | {"partition of two": 4.0}, "voters are left")
def _proof() -> AbstractContextManager[Any]:
    """Whoever answers anything counts as healthy."""
    shipped = observing._endpoint

    def believed(answer: Any, steadily_healthy: Any) -> Any:
        return replace(shipped(answer, steadily_healthy), healthy=True)

    return patch.object(observing, "_endpoint", believed)


@guard("lock", CHANGING | {"grow": 2.0, "shrink": 2.0}, " while ")
@contextmanager
def _lock() -> Iterator[None]:
    async def always(lock: Lock) -> LockFacts:
        return LockFacts(None, mine=True, available=True)

    async def nothing(lock: Lock, *_: object) -> bool:
        lock._settled_at = lock._clock.boottime() + 5.0
        return True

    with patch.multiple(Lock, observe=always, announce=nothing, confirm=nothing, renew=nothing, release=nothing):
        yield


@guard("the lock expires by the observer's own clock", CHANGING | {"grow": 2.0, "shrink": 1.0}, " while ")
def _expiry() -> AbstractContextManager[Any]:
    return _answers(Lock, "_expired", True)


@guard("the lock is confirmed right before a step is sent", CHANGING | STALLING | {"grow": 2.0}, " while ")
def _confirmation() -> AbstractContextManager[Any]:
    async def believe(lock: Lock, deadline: float) -> float:
        lock._settled_at = lock._clock.boottime() + deadline
        return deadline

    return patch.object(Lock, "confirm", believe)


@guard("conditional writes", CHANGING | {"grow": 2.0, "agent stalls": 2.0}, " while ")
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
    {"hasty recovery": 5.0, "agent killed": 1.0, "writes": 3.0, "zone off": 1.0, "channel away": 1.0},
    "",
    Setting(quorum_losses=True),
)
@contextmanager
def _fence() -> Iterator[None]:
    """Data of an older incarnation starts, and survivors wait for nobody to be stopped."""
    with (
        _answers(launcher, "_incarnation_refusal", ""),
        _answers(recovering, "stopped", True),
        _answers(recovering, "_give_way", None),
        _answers(recovering, "_after", None),
    ):
        yield


@guard(
    "leaves wait until all believe their issuer", {"next trust generation": 8.0, "etcd killed": 1.0}, "does not trust"
)
@contextmanager
def _barrier() -> Iterator[None]:
    with _answers(changing, "_barrier", None), _answers(transitions, "rotation_problems", ()):
        yield


@guard(
    "a quorum confirms that a member was removed",
    {"replace a slot": 3.0, "follower lags": 2.0, "partition of two": 3.0, "member isolated": 3.0, "grow": 1.0},
    "",
)
@contextmanager
def _confirmed() -> Iterator[None]:
    with patch.object(view.View, "has_quorum", property(lambda _: True)):
        yield


@guard("facts are not acted on when they are old", CHANGING | {"agent stalls": 8.0, "zone off": 3.0}, "")
def _stale() -> AbstractContextManager[Any]:
    return patch.object(world, "PACE", replace(world.PACE, stale=1e9))


@guard("a learner votes once it has caught up", {"grow": 4.0, "follower lags": 5.0, "writes": 6.0}, "promote")
def _caught_up() -> AbstractContextManager[Any]:
    return _answers(gate, "_promotion_reasons", [])


@guard(
    "automatic replacements are counted", {"disk wiped": 8.0, "writes": 1.0}, "replacements", Setting(replacements=1)
)
def _counted() -> AbstractContextManager[Any]:
    return _answers(joining, "_recent", 0)


@guard("pause", {"paused": 2.0, "operator pauses": 2.0, "configuration": 6.0, "grow": 1.0}, "paused")
def _pause() -> AbstractContextManager[Any]:
    return _without(standing.mode_rule)


@guard("observe-only", {"observe only": 2.0, "operator pauses": 2.0, "configuration": 6.0, "grow": 1.0}, "observe")
def _observe() -> AbstractContextManager[Any]:
    return _answers(decisions, "observe_only", False)


@guard(
    "an emptied or rolled-back channel",
    {"channel snapshot": 3.0, "channel rolled back": 3.0, "channel emptied": 1.0},
    "",
)
def _behind() -> AbstractContextManager[Any]:
    return _without(standing.behind_rule)


@guard("forbidden transitions are refused", {"next trust generation": 5.0, "grow": 1.0, "newer version": 1.0}, "")
def _transitions() -> AbstractContextManager[Any]:
    return _answers(refusals, "transition_problems", ())
