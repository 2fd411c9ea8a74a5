"""What the objects of a cluster are called, how long that may be, and their labels: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_SERVICE = 63
NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
MANAGER_LABEL = "app.kubernetes.io/managed-by"
SLOT_LABEL = "pulumi-etcd.dev/slot"
ZONE_LABEL = "topology.kubernetes.io/zone"

_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
"""RFC 1035: names of Services begin with a letter."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one cluster's objects."""

    cluster: str
    namespace: str
    domain: str

    @property
    def authorities(self) -> str:
        """The ConfigMap of the certificates that may be believed."""
        return f"{self.cluster}-authorities"

    @property
    def agents(self) -> str:
        """The Role of what every agent may do."""
        return f"{self.cluster}-agents"

    def member(self, slot: str) -> str:
        """What runs for a slot, and most of what else belongs to it."""
        return f"{self.cluster}-{slot}"

    def agent(self, slot: str) -> str:
        """The static pod of a slot's agent."""
        return f"{self.member(slot)}-agent"

    def credentials(self, slot: str) -> str:
        """The Secret of a slot's leaf certificates."""
        return f"{self.member(slot)}-credentials"

    def every_agent(self, slot: str) -> str:
        """The RoleBinding that gives a slot's agent what every agent may do."""
        return f"{self.member(slot)}-agents"

    @property
    def services(self) -> tuple[str, ...]:
        """The names by which clients may call the client Service."""
        inside = f"{self.cluster}.{self.namespace}"
        return (f"{inside}.svc.{self.domain}", f"{inside}.svc", inside, self.cluster)

    @property
    def selector(self) -> dict[str, str]:
        """Labels that all pods of the cluster have, and no others."""
        return {NAME_LABEL: "etcd", INSTANCE_LABEL: self.cluster}

    def labels(self, slot: str = "") -> dict[str, str]:
        """Labels of an object; of one that belongs to a slot, with the slot's."""
        return {**self.selector, MANAGER_LABEL: "pulumi-etcd"} | ({SLOT_LABEL: slot} if slot else {})


def no_service(cluster: str) -> str:
    """Why a cluster's Services cannot be named after it; empty where they can."""
    return "" if _SERVICE.fullmatch(cluster) else "names of Services begin with a letter"
