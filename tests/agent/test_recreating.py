"""A pod that is to go takes its member down only later: until that is known, nobody else has the lock."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from etcd_ops.agent.execute import Context, StepFailed, StepUnsettled, execute
from etcd_ops.agent.lock import TERM, Lock, LockLost
from etcd_ops.agent.loop import Agent, Observation
from etcd_ops.agent.ports import PodOutcomeUnknown, Ports, TimeLeft
from etcd_ops.agent.settings import Pace, Settings
from etcd_ops.channel.port import LOCK
from etcd_ops.model.facts import ClusterFacts
from etcd_ops.model.records import LockRecord
from etcd_ops.model.steps import RecreateAgentPod, RecreatePod, RecreateStoppedPod, Step
from tests.model.test_replacing import NEW, OLD, facts, without
from tests.standins.memory_channel import MemoryChannel
from tests.standins.virtual_clock import VirtualClock, run

SLOT, SECONDS = "a-1", Pace().step_timeout
FACTS = facts(OLD)
DISTURBING: tuple[Step, ...] = (
    RecreatePod(slot=SLOT, template=NEW, reason=""),
    RecreateAgentPod(slot=SLOT, template=NEW, reason=""),
)
STOPPED = RecreateStoppedPod(slot=SLOT, template=NEW, reason="")


class Pod:
    """Stands in for a pod, and what may become of a request for it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.goes = clock, False
        self.meets: Callable[[TimeLeft], None] = lambda _: None
        """What befalls the request."""
        self.looked_at: list[float] = []

    def template(self) -> str:
        return OLD

    async def recreate(self, template: str, left: TimeLeft) -> None:
        assert template == NEW
        self.meets(left)

    async def leaving(self) -> bool:
        self.looked_at.append(self.clock.now)
        return self.goes


class Place:
    """One agent that has the lock, another that would like to, and the pod."""

    def __init__(self) -> None:
        self.channel, self.clock, self.numbers = MemoryChannel(), VirtualClock(), count()
        self.pod, self.told = Pod(self.clock), list[tuple[str, dict[str, Any]]]()
        self.ports = cast(
            "Ports",
            SimpleNamespace(
                pod=self.pod, agent_pod=self.pod, channel=self.channel, clock=self.clock, nonce=self.nonce, etcd=None,
                parallel=None, probe=None, log=lambda event, values: self.told.append((event, values)),
            ),
        )  # fmt: skip
        self.agent = Agent(self.ports, Settings("c", SLOT, "a", "0.1.0"))
        self.mine, self.other = self.agent._lock, Lock(self.channel, self.clock, self.nonce, "b-1/boot")

    def nonce(self) -> str:
        return f"nonce-{next(self.numbers)}"

    @property
    def context(self) -> Context:
        return Context(self.ports, self.agent._settings, self.mine, FACTS, None, {})

    @property
    def record(self) -> LockRecord:
        return LockRecord.decode(self.channel.objects[LOCK].data)

    def take(self, step: Step) -> None:
        async def body() -> None:
            await self.mine.observe()
            assert await self.mine.acquire(0)
            await self.agent._carry_out(self.context, Observation(FACTS, None, 0.0), step)

        run(body())

    def holds(self) -> bool:
        """Still, so that nobody else can take it."""

        async def body() -> bool:
            return (await self.mine.observe()).mine and not (await self.other.observe()).available

        return run(body())


@pytest.fixture
def place() -> Place:
    return Place()


def lost(_: TimeLeft) -> None:
    raise PodOutcomeUnknown("no answer")


def refused(_: TimeLeft) -> None:
    raise OSError("forbidden")


def test_after_a_lost_answer_lock_and_intent_stay_while_the_pod_may_go(place: Place) -> None:
    """Released at once, it would be the next agent's, whose gate counts on a member that is about to end."""
    step = DISTURBING[0]
    place.pod.meets, place.pod.goes = lost, True
    place.take(step)
    assert place.holds()
    assert place.record.intent is not None
    assert place.record.intent.kind == step.intent
    assert place.agent._problem == f"{step.kind}: outcome unknown: no answer"


def test_a_pod_of_the_agent_alone_takes_no_member_down_and_keeps_no_lock(place: Place) -> None:
    """Its API server may be away for long, and others have to be repaired meanwhile."""
    place.pod.meets, place.pod.goes = lost, True
    place.take(DISTURBING[1])
    assert not place.holds()
    assert place.agent._problem == "RecreateAgentPod: outcome unknown: no answer"


def test_a_lock_that_was_lost_meanwhile_hides_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_: Lock) -> bool:
        raise LockLost("another holder")

    monkeypatch.setattr(Lock, "renew", gone)
    place.pod.meets, place.pod.goes = lost, True
    place.take(DISTURBING[0])
    assert place.agent._problem == "RecreatePod: outcome unknown: no answer"


@pytest.mark.parametrize("step", DISTURBING)
def test_it_is_looked_at_only_when_the_request_cannot_arrive_any_more(place: Place, step: Step) -> None:
    began, place.pod.meets = place.clock.now, lost
    place.take(step)
    assert place.pod.looked_at == [pytest.approx(began + SECONDS)]


def test_the_lock_is_renewed_before_the_look_which_may_take_time_as_well(place: Place) -> None:
    """The holder trusts it for half its term from its last write on, and the step took most of that."""
    place.pod.meets, place.pod.goes = lost, True
    place.take(DISTURBING[0])
    run(place.clock.sleep(TERM / 2 - 1.0))
    assert place.holds()


@pytest.mark.parametrize("step", DISTURBING)
@pytest.mark.parametrize("meets", [lost, refused])
def test_what_did_not_happen_keeps_nobody_waiting(place: Place, step: Step, meets: Callable[[TimeLeft], None]) -> None:
    place.pod.meets = meets
    place.take(step)
    assert not place.holds()
    assert place.record.holder == ""
    assert (place.pod.looked_at == []) is (meets is refused)


@pytest.mark.parametrize("step", [*DISTURBING, STOPPED])
def test_a_request_has_the_time_that_was_announced(place: Place, step: Step) -> None:
    """By the clock that goes on while an agent stands still."""
    seen: list[float] = []

    def late(left: TimeLeft) -> None:
        seen.append(left())
        place.clock.now += 60.0
        seen.append(left())
        raise OSError("no time is left")

    place.pod.meets = late
    place.take(step)
    assert seen == [pytest.approx(SECONDS), pytest.approx(SECONDS - 60.0)]


@pytest.mark.parametrize("step", DISTURBING)
def test_nothing_is_asked_for_once_no_time_is_left(place: Place, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an agent that stood still right after it had looked at the lock."""
    confirm = Lock.confirm

    async def slowly(lock: Lock, deadline: float) -> float:
        await confirm(lock, deadline)
        place.clock.now += 60.0
        return lock.remaining()

    def asked(_: TimeLeft) -> None:
        raise AssertionError("it was asked for")

    monkeypatch.setattr(Lock, "confirm", slowly)
    place.pod.meets = asked
    place.take(step)
    assert place.agent._problem == f"{step.kind}: the time for this step ran out before it was begun"


def test_where_no_lock_is_needed_none_is_renewed(place: Place) -> None:
    place.pod.meets, place.pod.goes = lost, True
    with pytest.raises(StepUnsettled):
        run(execute(place.context, STOPPED))
    place.pod.goes = False
    with pytest.raises(StepFailed, match="it did not happen"):
        run(execute(place.context, STOPPED))
    assert place.channel.objects == {}


def settles(place: Place, cluster: ClusterFacts) -> bool:
    return place.agent._settling(cluster, ending=place.pod.goes)


def disturbed() -> Place:
    """Its agent has just begun a step that takes its member down."""
    place = Place()
    place.agent._disturbed_at = place.clock.now
    return place


def test_a_member_that_serves_and_whose_pod_is_to_go_has_yet_to_come_back() -> None:
    """What is settling keeps the lock, whatever the gate says meanwhile."""
    place = disturbed()
    place.pod.goes = True
    place.clock.now += Pace().settle / 2
    assert settles(place, FACTS.cluster)
    gone = without(FACTS, SLOT)
    assert settles(place, gone)
    place.pod.goes = False
    assert settles(place, gone)
    assert not settles(place, FACTS.cluster)


@pytest.mark.parametrize("cluster", [FACTS.cluster, without(FACTS, SLOT)])
def test_a_pod_that_never_ends_or_never_comes_back_keeps_the_lock_no_longer_than_a_start_may_take(
    cluster: ClusterFacts,
) -> None:
    """As where its kubelet is gone: others have to be repaired meanwhile."""
    place = disturbed()
    place.pod.goes = True
    assert settles(place, cluster)
    place.clock.now += 2 * Pace().settle
    assert not settles(place, cluster)


def test_what_was_not_disturbed_settles_nothing(place: Place) -> None:
    for goes in (False, True):
        place.pod.goes = goes
        assert not settles(place, FACTS.cluster)
