"""What is missing until a document is applied."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.spec import Desired, Formation, FormationMode, Mode
from etcd_ops.model.status import FailedChange, MemberStatus, Role, State, StepReport
from etcd_ops.rollout import judge, marks, settled
from etcd_ops.rollout.judgement import unproved
from tests.rollout.samples import OWNER, migrating, spec, status

SPEC = spec()


def written(mode: Mode = Mode.ACTIVE) -> Desired:
    formation = Formation(token="t", mode=FormationMode.NEW)
    return Desired(generation=2, owner=OWNER, mode=mode, formation=formation, body=SPEC.to_wire())


DESIRED = written()


def healthy() -> dict[str, MemberStatus]:
    return {slot: status(slot, DESIRED) for slot in SPEC.members}


def with_one(**changes: Any) -> dict[str, MemberStatus]:
    return healthy() | {"m1": status("m1", DESIRED, **changes)}


def test_three_healthy_voters_are_settled() -> None:
    assert settled(DESIRED, SPEC, healthy(), {}) == ()


def test_members_that_are_to_leave_are_done_once_they_have() -> None:
    leaving = migrating("leave")
    desired = DESIRED.model_copy(update={"body": leaving.to_wire()})
    gone: dict[str, Any] = {"state": State.RETIRED, "role": Role.NONE, "healthy": False, "reason": "left"}
    statuses = {slot: status(slot, desired, **gone) for slot in leaving.members}
    assert settled(desired, leaving, statuses, {}) == ()
    early = statuses | {"m1": status("m1", desired, **gone | {"digest": "older"})}
    assert settled(desired, leaving, early, {}) == ("m1: RETIRED: left",)
    working = statuses | {"m1": status("m1", desired, state=State.WORKING, reason="leaves")}
    assert settled(desired, leaving, working, {}) == ("m1: WORKING: leaves",)
    assert len(settled(DESIRED, SPEC, statuses, {})) == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"digest": "", "seen_digest": ""}, "m1: has not read generation 2 yet"),
        (
            {"digest": "older", "state": State.WORKING, "step": StepReport(kind="restart", reason="quota")},
            "m1: WORKING: restart: quota",
        ),
        ({"healthy": False, "reason": "no leader"}, "m1: unhealthy (RUNNING: no leader)"),
        ({"role": Role.LEARNER}, "m1: a learner that is not promoted yet"),
        ({"role": Role.NONE}, "m1: not a member of the cluster yet"),
        ({"alarms": ("NOSPACE",)}, "m1: alarm NOSPACE"),
        ({"cluster_id": 7}, "members belong to different clusters: 7, c0ffee"),
        ({"state": State.HELD, "reason": "its volume has no marker"}, "m1: HELD: its volume has no marker"),
        ({"state": State.NEEDS_APPROVAL, "reason": "2nd today"}, "m1: NEEDS_APPROVAL: 2nd today"),
        ({"state": State.NEEDS_RECOVERY, "reason": "no quorum"}, "m1: NEEDS_RECOVERY: no quorum"),
        (
            {"state": State.FAILED, "failed": FailedChange(digest=DESIRED.digest, reason="unknown key x")},
            "m1: unknown key x",
        ),
    ],
)
def test_each_defect_is_named(changes: dict[str, Any], expected: str) -> None:
    assert settled(DESIRED, SPEC, with_one(**changes), {}) == (expected,)


def test_a_status_from_before_the_write_proves_nothing() -> None:
    before = marks(healthy())
    assert len(settled(DESIRED, SPEC, healthy(), before)) == 3
    later = {slot: status(slot, DESIRED, sequence=2) for slot in SPEC.members}
    assert settled(DESIRED, SPEC, later, before) == ()
    restarted = {slot: status(slot, DESIRED, boot_id="other", sequence=0) for slot in SPEC.members}
    assert settled(DESIRED, SPEC, restarted, before) == ()


def test_a_missing_member_is_missing() -> None:
    statuses = healthy()
    del statuses["m2"]
    assert settled(DESIRED, SPEC, statuses, {}) == ("m2: no status from its agent yet",)


def test_a_voter_that_is_no_longer_declared_is_waited_for() -> None:
    statuses = healthy() | {"m3": status("m3", DESIRED)}
    assert settled(DESIRED, SPEC, statuses, {}) == ("m3: no longer declared, but still a voter",)
    left = healthy() | {"m3": status("m3", DESIRED, role=Role.NONE)}
    assert settled(DESIRED, SPEC, left, {}) == ()


def test_the_dead_agent_of_a_dropped_slot_is_not_waited_for() -> None:
    dead = status("m3")
    statuses = {slot: status(slot, DESIRED, sequence=2) for slot in SPEC.members} | {"m3": dead}
    assert settled(DESIRED, SPEC, statuses, marks(healthy() | {"m3": dead})) == ()


def test_failing_with_an_older_document_is_not_failing_with_this_one() -> None:
    failed = FailedChange(digest="older", reason="whatever")
    outlook = judge(DESIRED, SPEC, with_one(state=State.FAILED, failed=failed, digest="older"), {})
    assert outlook.failed == ()
    assert outlook.waiting


@pytest.mark.parametrize("mode", [Mode.PAUSED, Mode.OBSERVE_ONLY])
def test_a_paused_cluster_only_has_to_know_it(mode: Mode) -> None:
    desired = written(mode)
    ailing = {
        slot: status(slot, seen_digest=desired.digest, state=State.PAUSED, healthy=False) for slot in SPEC.members
    }
    assert settled(desired, SPEC, ailing, {}) == ()
    assert settled(desired, SPEC, {slot: status(slot) for slot in SPEC.members}, {})


any_status: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    state=st.sampled_from(State),
    role=st.sampled_from(Role),
    healthy=st.booleans(),
    digest=st.sampled_from([DESIRED.digest, "older", ""]),
    seen_digest=st.sampled_from([DESIRED.digest, "older"]),
    cluster_id=st.sampled_from([None, 1, 2]),
    alarms=st.sampled_from([(), ("CORRUPT",)]),
    sequence=st.integers(0, 3),
)


@given(st.lists(any_status, min_size=3, max_size=3), st.integers(0, 3))
def test_settled_means_what_it_says(drawn: list[dict[str, Any]], sequence: int) -> None:
    before = dict.fromkeys(SPEC.members, ("boot", sequence))
    statuses = {slot: status(slot, DESIRED, **fields) for slot, fields in zip(SPEC.members, drawn, strict=True)}
    good = all(
        (s.healthy, s.role, s.digest, s.alarms) == (True, Role.VOTER, DESIRED.digest, ())
        and s.sequence > sequence
        and s.state in (State.RUNNING, State.FAILED)
        for s in statuses.values()
    )
    one_cluster = len({s.cluster_id for s in statuses.values()} - {None}) <= 1
    assert (settled(DESIRED, SPEC, statuses, before) == ()) == (good and one_cluster)


def test_a_cluster_that_is_yet_to_be_adopted_has_dropped_nobody() -> None:
    statuses = {"m0": status("m0", has_data=True)}
    formations = (Formation(token="t", mode=mode) for mode in (FormationMode.ADOPT, FormationMode.EXISTING))
    adopted, existing = (DESIRED.model_copy(update={"formation": each}) for each in formations)
    assert unproved(adopted, SPEC, statuses, None) == ()
    assert unproved(existing, SPEC, statuses, None)
