"""A StatefulSetCluster on real nodes."""

from __future__ import annotations

from collections.abc import Sequence

from tests.e2e.project import Arguments
from tests.nodes.cluster import SPARES, ZONES
from tests.nodes.stack import NAME, NAMESPACE, PodStack


class StatefulSetStack(PodStack):
    """With a StatefulSetCluster."""

    component = "StatefulSetCluster"

    def pod_name(self, slot: str) -> str:
        """The pod in which etcd, and its agent, run."""
        return f"{NAME}-{slot}-0"

    def placed(self, slots: Sequence[str]) -> Arguments:
        """By name, over all the zones that there are."""
        return {"zones": [*ZONES, *SPARES], "slots": {slot: slot[0] for slot in slots}}

    def remains(self, slot: str) -> list[str]:
        """Pods, volume claims, and what makes them."""
        named = f"{NAME}-{slot}"
        kinds = ("pods", "persistentvolumeclaims")
        found = self.sets().keys() | {each["metadata"]["name"] for kind in kinds for each in self.objects(kind)}
        return sorted(found & {named, f"{named}-0", f"data-{named}-0"})

    def evict(self, slot: str) -> int:
        """Ask for a pod's eviction, as a drain does; the status of the answer."""
        return self.nodes.plane.evict(NAMESPACE, self.pod_name(slot))

    def came_back(self, slot: str, before: str) -> bool:
        """Whether there is another pod than that of a UID, which is ready."""
        name = self.pod_name(slot)
        found = {each["metadata"]["name"]: each["metadata"]["uid"] for each in self.objects("pods")}
        return found.get(name, before) != before and name in self.pods()

    def sets(self) -> dict[str, str]:
        """UID of every StatefulSet, by name."""
        found = self.nodes.plane.items(f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets")
        return {each["metadata"]["name"]: each["metadata"]["uid"] for each in found}
