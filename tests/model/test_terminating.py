"""A machine that its platform is about to terminate is let go once its member is stopped, and not before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import Facts, LockFacts, ProcessFacts, Termination
from etcd_ops.model.records import Controls
from etcd_ops.model.spec import Mode
from etcd_ops.model.steps import AcquireLock, LetMachineGo, StageLaunch, StartMember, TransferLeadership, VacateMachine
from tests.model.test_replacing import NEW, facts, without
from tests.model.test_upgrading import IDS, SLOT


def held(**changes: Any) -> Facts:
    return facts(NEW, termination=Termination.HELD, **changes)


def stopped(known: Facts) -> Facts:
    """Nobody holds the lock: whoever has nothing to do under it gives it back first."""
    return replace(without_own(known), process=ProcessFacts(running=False), lock=LockFacts(None))


def without_own(known: Facts) -> Facts:
    return replace(known, cluster=without(known, SLOT))


def led_by(known: Facts, slot: str) -> Facts:
    endpoints = {each: replace(found, leader_id=IDS[slot]) for each, found in known.cluster.endpoints.items()}
    return replace(known, cluster=replace(known.cluster, endpoints=endpoints))


def in_mode(known: Facts, mode: Mode) -> Facts:
    assert known.channel is not None and known.channel.desired is not None
    desired = known.channel.desired.model_copy(update={"mode": mode})
    memory = replace(known.memory, desired=desired.encode())
    return replace(known, channel=replace(known.channel, desired=desired), memory=memory)


def test_the_member_is_stopped_under_the_lock() -> None:
    other = next(slot for slot in IDS if slot != SLOT)
    step = decide(led_by(held(), other)).step
    assert isinstance(step, VacateMachine)
    assert step.member_id == IDS[SLOT]
    free = replace(led_by(held(), other), lock=LockFacts(None, available=True))
    assert isinstance(decide(free).step, AcquireLock)


def test_a_leader_hands_over_first() -> None:
    assert isinstance(decide(led_by(held(), SLOT)).step, TransferLeadership)


def test_without_a_quorum_of_the_others_it_stays_and_its_machine_is_held() -> None:
    other, third = (slot for slot in IDS if slot != SLOT)
    known = led_by(held(), third)
    decision = decide(replace(known, cluster=without(known, other)))
    assert not isinstance(decision.step, (VacateMachine, LetMachineGo))


def test_once_stopped_it_is_let_go_and_not_started_again() -> None:
    assert isinstance(decide(stopped(held())).step, LetMachineGo)
    gone = replace(stopped(held()), termination=Termination.LET_GO)
    assert decide(gone).step is None
    started = decide(replace(stopped(held()), termination=Termination.NONE)).step
    assert isinstance(started, (StageLaunch, StartMember))


def test_a_cluster_that_is_taken_down_lets_every_machine_go() -> None:
    assert isinstance(decide(in_mode(held(lock=LockFacts(None)), Mode.RETIRING)).step, LetMachineGo)


@pytest.mark.parametrize("known", [in_mode(held(), Mode.PAUSED), held()], ids=["declared", "ordered"])
def test_a_paused_cluster_holds_it(known: Facts) -> None:
    assert known.channel is not None and known.channel.desired is not None
    if known.channel.desired.mode is not Mode.PAUSED:
        known = replace(known, channel=replace(known.channel, controls=Controls(paused=True)))
    assert not isinstance(decide(known).step, (VacateMachine, LetMachineGo))


def test_a_release_that_is_not_here_is_waited_for() -> None:
    waits = facts(NEW, agent_version="0.0.1", agent_awaited="archive 0123 is not here yet")
    decision = decide(waits)
    assert decision.step is None or type(decision.step).__name__ != "UpgradeAgent"
    assert "archive 0123 is not here yet" in decision.reason
