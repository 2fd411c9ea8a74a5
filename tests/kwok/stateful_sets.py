"""A stack with a StatefulSetCluster on nodes that are objects only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.components.stateful_sets import AGENT, ETCD
from tests.kwok.cluster import node_of
from tests.kwok.stack import PodStack


class StatefulSetStack(PodStack):
    """With a StatefulSetCluster, which has a member in each of some zones."""

    def place(self, zones: Iterable[str]) -> None:
        """Have a member in each of these zones, and wait until it has a node."""
        chosen = list(zones)
        self.spread(chosen, len(chosen))
        self.wait_placed(f"{zone}-1" for zone in chosen)

    def spread(self, zones: Sequence[str], size: int, **more: Any) -> None:
        """Declare so many members over these zones."""
        images = {"etcd": {"image": ETCD}, "agent": {"image": AGENT}}
        self.up("StatefulSetCluster", {"zones": list(zones), "size": size, **images, **more})

    def wait_placed(self, slots: Iterable[str], **elsewhere: str) -> None:
        """Wait until each of these slots has its pod on the first node of its zone, and no other slot has any.

        Args:
            slots: which.
            elsewhere: by slot, with an underscore for its dash, the nodes of those that stand on another one.
        """
        expected = {slot: node_of(slot[0]) for slot in slots}
        expected |= {slot.replace("_", "-"): node for slot, node in elsewhere.items()}
        self.wait(f"pods on {expected}", lambda: self.placed() == expected)

    def evict(self, slot: str) -> int:
        """Ask for the eviction of a slot's pod, as a drain does; the status of the answer."""
        return self.plane.evict(self.namespace, f"demo-{slot}-0")

    def stays(self, slot: str) -> set[str]:
        """The conditions of its node for which a slot's pod never leaves it, after all that is done on admission."""
        told = self.objects("pods")[f"demo-{slot}-0"]["spec"]["tolerations"]
        return {each["key"] for each in told if each["effect"] == "NoExecute" and "tolerationSeconds" not in each}

    def waits_for_a_node(self, slot: str) -> bool:
        """Whether the scheduler has found none for a slot's pod."""
        pods = self.objects("pods")
        conditions = pods.get(f"demo-{slot}-0", {"status": {}})["status"].get("conditions", ())
        return ("PodScheduled", "Unschedulable") in {(each["type"], each.get("reason")) for each in conditions}

    @contextmanager
    def cordoned(self, node: str) -> Iterator[None]:
        """No pod comes to a node meanwhile."""
        self.plane.set_schedulable(node, schedulable=False)
        try:
            yield
        finally:
            self.plane.set_schedulable(node, schedulable=True)
