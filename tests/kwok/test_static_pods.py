"""StaticPodCluster under real controllers and a real scheduler: where the pods of its agents come to be."""

from __future__ import annotations

import pytest

from tests.components.stateful_sets import AGENT, ETCD
from tests.kwok.cluster import SPARES, KwokPlane, node_of
from tests.kwok.stack import PodStack
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("kwok")]
CHOSEN = ("b", "c", SPARES[0])


def test_agents_come_to_the_chosen_nodes_only(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, plane: KwokPlane
) -> None:
    stack = PodStack(engine, tmp_path_factory.mktemp("static") / "project", plane)
    slots = {
        f"{zone}-1": {"zone": zone, "node": node_of(zone), "address": f"10.0.{number}.1"}
        for number, zone in enumerate(CHOSEN)
    }
    with stack.agents():
        stack.up("StaticPodCluster", {"slots": slots, "etcd": {"image": ETCD}, "agent": {"image": AGENT}})
    expected = {f"{zone}-1": node_of(zone) for zone in CHOSEN}
    stack.wait(f"agents on {expected}", lambda: stack.placed() == expected)
    assert len(stack.objects("pods")) == len(CHOSEN)
