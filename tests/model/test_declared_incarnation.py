"""A declared incarnation: what members do until it is ordered, and what an order must name."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions import decide
from etcd_ops.model.facts import EndpointFacts, Facts, Launch, LockFacts, ProcessFacts
from etcd_ops.model.records import Controls, FormationState, RecoveryOrder
from etcd_ops.model.status import State
from etcd_ops.model.steps import StartMember
from tests.model.test_operators_words import CLUSTER, IDS, SLOT, facts, volume


def pending(controls: Controls | None = None, *, running: bool = True, quorum: bool = False) -> Facts:
    """One intact member of three; incarnation 2 is declared, and 1 exists."""
    found = facts(volume(), controls or Controls(), incarnation=2, quorum=quorum)
    launch = Launch("", "", "", 1, expected=found.memory.identity, first_start=False)
    assert found.volume is not None
    with_data = replace(found.volume, launch=launch)
    return replace(found, volume=with_data, process=ProcessFacts(running=running), lock=LockFacts(None, available=True))


def ordered(survivor: str, overrides: tuple[str, ...] = ()) -> Controls:
    return Controls(recovery=RecoveryOrder(incarnation=2, survivor=survivor, overrides=overrides, by="somebody"))


def test_until_it_is_ordered_the_state_names_the_order() -> None:
    decision = decide(pending())
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "recover execute" in decision.reason


def test_where_members_make_a_quorum_again_the_way_back_is_named() -> None:
    found = pending(quorum=True)
    mine = EndpointFacts(IDS[SLOT], CLUSTER, 2, healthy=True)
    cluster = replace(found.cluster, endpoints={**found.cluster.endpoints, SLOT: mine})
    decision = decide(replace(found, cluster=cluster))
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "declare 1 again" in decision.reason


def test_an_intact_member_starts_until_it_is_ordered_to_stop() -> None:
    """What was declared in haste must not keep a quorum from coming back."""
    assert isinstance(decide(pending(running=False)).step, StartMember)
    assert not isinstance(decide(pending(ordered("b-1"), running=False)).step, StartMember)


def test_nobody_gives_way_to_a_survivor_that_is_not_declared() -> None:
    decision = decide(pending(ordered("d-1")))
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "d-1, which is not declared" in decision.reason


def test_no_incarnation_is_made_before_the_cluster_is_formed() -> None:
    """Its other founders may still start anew."""
    found = pending(ordered("b-1"))
    assert found.channel is not None and found.channel.formation is not None
    record = found.channel.formation.model_copy(update={"state": FormationState.FORMING})
    decision = decide(replace(found, channel=replace(found.channel, formation=record)))
    assert (decision.step, decision.state) == (None, State.NEEDS_RECOVERY)
    assert "not formed yet: declare 1 again" in decision.reason
