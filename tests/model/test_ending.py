"""A member whose pod or machine is on its way out serves still, and nobody counts on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.decisions import decide
from etcd_ops.model.ending import without_ending
from etcd_ops.model.facts import Facts, LockFacts, PeerStatus
from etcd_ops.model.gate import Action, Request, healthy_voters, judge
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.model.steps import RecreatePod
from tests.model.test_replacing import OLD, facts
from tests.model.test_upgrading import IDS, SLOT

OTHERS = [slot for slot in IDS if slot != SLOT]


def told(slot: str, *, ending: bool = True, member_id: int | None = None, fresh: bool = True) -> dict[str, PeerStatus]:
    status = MemberStatus(
        slot=slot, zone="z", boot_id="b", sequence=1, agent_version="1", state=State.WORKING, volume_id=slot,
        ending=ending, member_id=IDS[slot] if member_id is None else member_id,
    )  # fmt: skip
    return {slot: PeerStatus(status, fresh=fresh)}


@pytest.mark.parametrize("fresh", [True, False])
def test_the_gate_takes_no_second_member_down(fresh: bool) -> None:
    """Whether or not its agent still speaks, and however long its kubelet takes."""
    cluster, request = facts(OLD).cluster, Request(Action.TAKE_DOWN, IDS[SLOT], optional=True)
    assert judge(request, cluster, {}).allowed
    seen = without_ending(cluster, told(OTHERS[0], fresh=fresh), SLOT)
    assert healthy_voters(seen) == healthy_voters(cluster) - {IDS[OTHERS[0]]}
    assert not judge(request, seen, {}).allowed


@pytest.mark.parametrize(
    "statuses",
    [{}, told(OTHERS[0], ending=False), told(OTHERS[0], member_id=1), told(SLOT)],
    ids=["nobody says so", "it stays", "another member is in that slot", "its own waits anyway"],
)
def test_others_count(statuses: dict[str, PeerStatus]) -> None:
    cluster = facts(OLD).cluster
    assert without_ending(cluster, statuses, SLOT) == cluster


def test_a_pod_that_goes_is_not_asked_to_go_again_and_again() -> None:
    """The lock is for those who need it."""
    known: Facts = facts(OLD)
    assert isinstance(decide(known).step, RecreatePod)
    free = replace(known, ending=True, lock=LockFacts(None, available=True))
    decision = decide(free)
    assert decision.step is None
    assert "on its way out" in decision.reason
