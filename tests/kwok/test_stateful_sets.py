"""StatefulSetCluster under real controllers and a real scheduler, on nodes of five zones that run nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kwok.cluster import SPARES, ZONES, KwokPlane, node_of
from tests.kwok.stateful_sets import StatefulSetStack
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("kwok")]
SLOTS = [f"{zone}-1" for zone in ZONES]
ALL = [f"{zone}-1" for zone in (*ZONES, *SPARES)]


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory, plane: KwokPlane) -> Iterator[StatefulSetStack]:
    """Three members, which tests leave as they found them."""
    made = StatefulSetStack(engine, tmp_path_factory.mktemp("sets") / "project", plane)
    with made.agents():
        made.place(ZONES)
        yield made


def test_every_member_has_a_node_and_a_volume_of_its_zone(stack: StatefulSetStack) -> None:
    stack.wait_placed(SLOTS)
    claims = stack.claims()
    assert {slot: claim.zones for slot, claim in claims.items()} == {slot: [slot[0]] for slot in SLOTS}
    assert len(stack.objects("persistentvolumeclaims")) == len({claim.volume for claim in claims.values()}) == 3


def test_a_member_stays_on_a_node_that_nobody_hears_of(stack: StatefulSetStack) -> None:
    """Two that still serve would go at once, by neither budget nor gate, when two zones are reached again."""
    lost = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
    assert {slot: stack.stays(slot) for slot in SLOTS} == dict.fromkeys(SLOTS, lost)


def test_draining_every_node_takes_one_member_at_a_time(stack: StatefulSetStack) -> None:
    """One whose node is cordoned waits for it, whatever room there is in other zones, and keeps its claim."""
    before = stack.claims()
    for slot in SLOTS:
        others = [other for other in SLOTS if other != slot]
        with stack.cordoned(node_of(slot[0])):
            stack.wait(f"{slot} may go", lambda: stack.evict(slot) == 201)  # noqa: B023 - called at once
            stack.wait(f"{slot} has no node", lambda: stack.waits_for_a_node(slot))  # noqa: B023
            assert [stack.evict(other) for other in others] == [429, 429]
            stack.wait_placed(others)
        stack.wait_placed(SLOTS)
        assert stack.claims() == before


def test_another_node_of_the_zone_takes_the_member_of_a_drained_one(stack: StatefulSetStack) -> None:
    """With its claim, whose volume can be mounted in the whole zone."""
    before = stack.claims()
    with stack.plane.another_node("a") as other:
        for node, expected in ((node_of("a"), other), (other, node_of("a"))):
            with stack.cordoned(node):
                stack.wait("a-1 may go", lambda: stack.evict("a-1") == 201)
                stack.wait_placed(SLOTS, a_1=expected)
        assert stack.claims() == before


def test_members_of_one_zone_stand_on_nodes_of_their_own(stack: StatefulSetStack) -> None:
    with stack.plane.another_node("a") as in_a, stack.plane.another_node("b") as in_b:
        stack.spread(ZONES, 5)
        stack.wait_placed(SLOTS, a_2=in_a, b_2=in_b)
        stack.place(ZONES)


def test_growing_and_shrinking_leaves_no_claim_and_no_volume_behind(stack: StatefulSetStack) -> None:
    before = stack.claims()
    stack.place((*ZONES, *SPARES))
    grown = stack.claims()
    assert {slot: claim.zones for slot, claim in grown.items()} == {slot: [slot[0]] for slot in ALL}
    assert {slot: grown[slot] for slot in SLOTS} == before
    stack.place(ZONES)
    assert stack.claims() == before
    assert len(stack.objects("persistentvolumeclaims")) == len(SLOTS)
    stack.wait(
        "volumes go with their claims",
        lambda: stack.plane.volumes().keys() == {each.volume for each in before.values()},
    )


def test_destroy_leaves_no_pod_no_claim_and_no_volume(stack: StatefulSetStack) -> None:
    """The last one: nothing is left for another."""
    stack.project.succeed("destroy", "--yes", "--skip-preview")
    assert not stack.objects("pods")
    assert not stack.objects("persistentvolumeclaims")
    stack.wait("volumes go with their claims", lambda: not stack.plane.volumes())
