"""What a channel tells about the live cluster."""

from __future__ import annotations

from typing import Any

import pytest

from etcd_ops.channel.port import status_name
from etcd_ops.model.records import FormationRecord, FormationState
from etcd_ops.model.spec import Desired, Formation, FormationMode
from etcd_ops.model.status import MemberStatus, Role, State
from etcd_ops.model.versions import Line
from etcd_ops.rollout import Contents
from etcd_ops.rollout.observing import PATIENCE, fresh_statuses, observed
from tests.rollout.samples import OWNER, spec, status
from tests.standins.memory_channel import MemoryChannel
from tests.standins.virtual_clock import VirtualClock, run

SPEC = spec()
DESIRED = Desired(
    generation=1, owner=OWNER, formation=Formation(token="t", mode=FormationMode.NEW), body=SPEC.to_wire()
)


def contents(*statuses: MemberStatus, state: FormationState | None = FormationState.FORMED) -> Contents:
    record = FormationRecord(token="t", state=state, founders={}, incarnation=3) if state else None
    return Contents(desired=DESIRED, formation=record, statuses={each.slot: each for each in statuses})


def test_whether_it_was_formed() -> None:
    alive = status("m0", DESIRED)
    assert observed(contents(), SPEC).formed is True
    assert observed(contents(state=FormationState.FORMING), SPEC).formed is True
    assert observed(contents(state=FormationState.FORMING), SPEC).forming
    assert not observed(contents(), SPEC).forming
    assert observed(contents(state=FormationState.CLOSED), SPEC).formed is False
    assert observed(contents(state=None), SPEC).formed is False
    assert observed(contents(alive, state=None), SPEC).formed is None
    assert observed(Contents(), None).formed is None


def test_the_incarnation_is_the_records() -> None:
    assert observed(contents(), SPEC).incarnation == 3
    assert observed(contents(state=FormationState.CLOSED), SPEC).incarnation is None


def test_a_quorum_is_proven_by_fresh_statuses_and_never_disproven() -> None:
    fresh = {slot: status(slot, DESIRED) for slot in ("m0", "m1")}
    assert observed(contents(), SPEC).quorum is None
    assert observed(contents(), SPEC, fresh).quorum is True
    assert observed(contents(), SPEC, {"m0": fresh["m0"]}).quorum is None
    assert observed(contents(), SPEC, fresh | {"m1": status("m1", healthy=False)}).quorum is None


def test_versions_are_those_that_run() -> None:
    held = contents(
        status("m0", version="3.6.15", cluster_version="3.6.0", storage_version="3.6.0"),
        status("m1", version="3.7.2", cluster_version="3.7.0"),
        status("other", version="3.5.34", cluster_version="3.5.0"),
    )
    running = observed(held, SPEC).running
    assert running.cluster == Line.parse("3.7")
    assert {str(version) for version in running.members} == {"3.6.15", "3.7.2"}
    assert observed(contents(), SPEC).running.cluster is None


def test_what_every_member_believes() -> None:
    one, other = status("m0", trusted={"peer": ("a", "b")}), status("m1", trusted={"peer": ("b", "c")})
    third = status("m2", trusted={"peer": ("b",), "client": ("z",)})
    assert observed(contents(), SPEC).believed == {}
    assert observed(contents(one, other), SPEC).believed == {"peer": frozenset({"b"}), "client": frozenset()}
    believed = observed(contents(one, other, third), SPEC).believed
    assert believed == {"peer": frozenset({"b"}), "client": frozenset()}


@pytest.mark.parametrize(
    ("cannot_tell", "counts"),
    [
        ({"has_data": True, "volume_marked": True}, True),
        ({"volume_marked": False}, True),
        ({"volume_marked": True}, False),
        ({"state": State.RETIRED}, False),
    ],
)
def test_a_member_that_runs_and_cannot_tell_believes_nothing(cannot_tell: dict[str, Any], counts: bool) -> None:
    """Found by simulation: its runtime was mute, or its volume unreadable, and a rotation went on over its head."""
    telling = status("m0", trusted={"peer": ("a",), "client": ("b",)})
    mute = status("m1", trusted={}, **cannot_tell)
    believed = observed(contents(telling, mute), SPEC).believed
    assert believed["peer"] == (frozenset() if counts else frozenset({"a"}))


def test_the_largest_database_and_the_learners() -> None:
    held = contents(status("m0", database_bytes=5), status("m1", database_bytes=7, role=Role.LEARNER))
    assert (observed(held, SPEC).database_bytes, observed(held, SPEC).learners) == (7, 1)
    assert (observed(contents(), SPEC).database_bytes, observed(contents(), SPEC).learners) == (None, None)


def test_fresh_statuses_are_waited_for_but_not_for_ever() -> None:
    channel, clock = MemoryChannel(), VirtualClock()
    for slot in SPEC.members:
        channel.store(status_name(slot), status(slot).encode())
    later = status("m1", sequence=2)

    def publish() -> None:
        channel.store(status_name("m1"), later.encode())

    clock.after(1, publish)
    assert run(fresh_statuses(channel, frozenset({"m1"}), clock)) == {"m1": later}
    assert clock.now < 1002
    began = clock.now
    assert run(fresh_statuses(channel, frozenset(SPEC.members), clock)) == {}
    assert clock.now - began >= PATIENCE


def test_members_of_dropped_slots_still_believe_what_they_started_with() -> None:
    held = contents(
        status("m0", trusted={"peer": ("2",)}, incarnation=3), status("left", trusted={"peer": ("1",)}, incarnation=3)
    )
    third = SPEC.model_copy(update={"incarnation": 3})
    assert observed(held, third).known == {"peer": frozenset({"1", "2"})}
    assert observed(contents(), third).known == {}


@pytest.mark.parametrize(("declared", "of_its_data"), [(4, 3), (3, 2)])
def test_what_the_members_of_another_incarnation_believe_never_comes_back(declared: int, of_its_data: int) -> None:
    """One that is declared, and not made yet, is to be believed by nobody who was there before."""
    held = contents(status("m0", trusted={"peer": ("1",)}, incarnation=of_its_data))
    assert observed(held, SPEC.model_copy(update={"incarnation": declared})).known == {}
