"""What only clusters of StatefulSets name, and how long that may be: pure."""

from __future__ import annotations

from dataclasses import dataclass

from etcd_ops.model.topology import Named
from pulumi_etcd.kubernetes.naming import Names

LONGEST_STATEFUL_SET = 52
"""Characters. The StatefulSet controller labels pods with the set's name, a dash and a hash of up to ten characters,
and values of labels have 63."""
VOLUME = "data"
"""Name of a member's volume claim template."""


@dataclass(frozen=True, slots=True)
class StatefulSetNames(Names):
    """The names of one cluster's objects."""

    @property
    def peers(self) -> str:
        """The headless Service under which every member has a host name."""
        return f"{self.cluster}-peers"

    def pod(self, slot: str) -> str:
        """The only pod of a slot's StatefulSet."""
        return f"{self.member(slot)}-0"

    def claim(self, slot: str) -> str:
        """The volume claim of that pod."""
        return f"{VOLUME}-{self.pod(slot)}"

    @property
    def addressing(self) -> Named:
        """The host names of the members' pods."""
        return Named(f"{self.cluster}-", f"-0.{self.peers}.{self.namespace}.svc.{self.domain}")


def too_long(names: StatefulSetNames, slot: str) -> str:
    """Why a slot's objects cannot have their names; empty where they can."""
    name = names.member(slot)
    if len(name) <= LONGEST_STATEFUL_SET:
        return ""
    return f"its StatefulSet {name} would have more than {LONGEST_STATEFUL_SET} characters"
