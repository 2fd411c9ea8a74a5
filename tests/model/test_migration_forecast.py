"""Whatever the origin is like, a migration gives no quorum away, and can be taken back before the first removal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.facts import ClusterFacts
from etcd_ops.model.gate import healthy_voters
from etcd_ops.model.migration import MoveKind, next_move, sides
from etcd_ops.model.migration_forecast import Forecast, applied, forecast
from etcd_ops.model.spec import ClusterSpec, MigrationPhase
from tests.model.migrations import migrating, names, seen

FORWARD = (MigrationPhase.JOIN, MigrationPhase.TAKE_OVER)
SIZES = st.sampled_from((1, 3, 5))


@st.composite
def beginnings(draw: st.DrawFn) -> tuple[ClusterSpec, ClusterFacts]:
    """An origin of one, three or five members, of which any may be silent, lead, or stay for now."""
    count, size = draw(SIZES), draw(SIZES)
    members = names(count)
    keep = sorted(draw(st.sets(st.sampled_from(members))))
    declared = migrating(count=count, size=size, migration__keep=keep)
    unhealthy = draw(st.sets(st.sampled_from(members)))
    able = [name for name in members if name not in unhealthy]
    leader = draw(st.sampled_from(able)) if able else ""
    return declared, seen(declared, members, unhealthy=unhealthy, leader=leader)


def voters(declared: ClusterSpec, cluster: ClusterFacts) -> set[str]:
    found = sides(declared, cluster.members or ())
    return {name for side in (found.ours, found.origin) for name, each in side.items() if not each.learner}


def keeps_a_quorum(found: Forecast) -> None:
    for taken in found.moves:
        assert taken.before.healthy >= taken.before.needed, taken
        assert taken.after.healthy >= taken.after.needed, taken


@given(beginnings())
def test_no_step_gives_the_quorum_away(beginning: tuple[ClusterSpec, ClusterFacts]) -> None:
    declared, cluster = beginning
    keeps_a_quorum(forecast(declared, cluster, FORWARD))


@given(beginnings(), st.sampled_from((FORWARD, FORWARD[1:])))
def test_no_member_of_the_origin_is_removed_before_every_declared_one_is_a_healthy_voter(
    beginning: tuple[ClusterSpec, ClusterFacts], phases: tuple[MigrationPhase, ...]
) -> None:
    declared, cluster = beginning
    for taken in forecast(declared, cluster, phases).moves:
        if taken.move.kind is MoveKind.REMOVE:
            ours = sides(declared, cluster.members or ()).ours
            healthy = healthy_voters(cluster)
            assert {slot for slot, each in ours.items() if each.member_id in healthy} == set(declared.members)
        cluster = applied(cluster, taken.move)


@given(SIZES, SIZES)
def test_a_healthy_origin_ends_in_exactly_what_is_declared(count: int, size: int) -> None:
    declared = migrating(count=count, size=size)
    found = forecast(declared, seen(declared, names(count)), FORWARD)
    assert found.blocked == ""
    assert voters(declared, found.cluster) == set(declared.members)


@given(beginnings(), st.integers(0, 20))
def test_before_the_first_removal_every_step_can_be_taken_back(
    beginning: tuple[ClusterSpec, ClusterFacts], steps: int
) -> None:
    declared, cluster = beginning
    moves = forecast(declared, cluster, FORWARD).moves
    before = [taken for taken in moves if taken.move.kind is not MoveKind.REMOVE]
    for taken in before[:steps]:
        cluster = applied(cluster, taken.move)
    if cluster.members is None:
        return
    back = forecast(declared, cluster, [MigrationPhase.LEAVE])
    keeps_a_quorum(back)
    if moves:
        assert back.blocked == ""
        assert voters(declared, back.cluster) == set(
            names(len(declared.migration.members if declared.migration else ()))
        )


@given(SIZES, SIZES, st.integers(0, 5))
def test_after_a_removal_the_old_members_come_back_before_ours_leave(count: int, size: int, removals: int) -> None:
    declared = migrating(count=count, size=size)
    cluster = seen(declared, names(count))
    removed = 0
    for taken in forecast(declared, cluster, FORWARD).moves:
        removed += taken.move.kind is MoveKind.REMOVE
        if removed > removals:
            break
        cluster = applied(cluster, taken.move)
    if removed and removals:
        refused = forecast(declared, cluster, [MigrationPhase.LEAVE])
        assert not refused.moves and "return" in refused.blocked
    back = forecast(declared, cluster, [MigrationPhase.RETURN, MigrationPhase.LEAVE])
    keeps_a_quorum(back)
    assert back.blocked == ""
    assert voters(declared, back.cluster) == set(names(count))


def test_who_is_to_be_kept_stays() -> None:
    declared = migrating(migration__keep=["etcd-1"])
    found = forecast(declared, seen(declared, names(3)), FORWARD)
    assert found.blocked == ""
    assert voters(declared, found.cluster) == {"etcd-1", *declared.members}


def test_members_that_nobody_named_are_never_removed() -> None:
    whole, declared = migrating(count=3), migrating(count=2)
    found = forecast(declared, seen(whole, names(3)), FORWARD)
    assert "by-hand-etcd-2 are members, too" in found.blocked
    assert len(found.cluster.members or ()) == 4


def test_the_unhealthy_go_first_and_the_leadership_goes_before() -> None:
    declared = migrating("take-over", count=3, size=3)
    members = [*declared.members, *names(3)]
    moves = forecast(
        declared, seen(declared, members, unhealthy=["etcd-2"], leader="etcd-0"), [MigrationPhase.TAKE_OVER]
    ).moves
    assert [(each.move.kind, each.move.name) for each in moves] == [
        (MoveKind.HAND_OVER, "a-1"),
        (MoveKind.REMOVE, "etcd-2"),
        (MoveKind.REMOVE, "etcd-0"),
        (MoveKind.REMOVE, "etcd-1"),
    ]


def test_nothing_is_chosen_where_no_quorum_answers() -> None:
    declared = migrating()
    assert next_move(declared, seen(declared, names(3), unhealthy=names(2))).waits == "no quorum of the cluster answers"


@given(beginnings(), st.data())
def test_whatever_was_left_half_done_is_finished(
    beginning: tuple[ClusterSpec, ClusterFacts], data: st.DataObject
) -> None:
    """From any members of both sides, one of them a learner perhaps, every phase goes on as far as the gate allows."""
    declared, _ = beginning
    assert declared.migration is not None
    everybody = [*declared.members, *declared.migration.members]
    there = data.draw(st.lists(st.sampled_from(everybody), unique=True, min_size=2))
    learner = data.draw(st.sampled_from(there))
    cluster = seen(declared, there, learners=[learner])
    for phases in ([MigrationPhase.JOIN], [MigrationPhase.RETURN]):
        own = learner in (declared.members if phases == [MigrationPhase.JOIN] else declared.migration.members)
        found = forecast(declared, cluster, phases)
        keeps_a_quorum(found)
        if own:
            assert found.blocked == ""
