"""What only clusters of static pods name, and where they are on their nodes: pure."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_etcd.kubernetes.naming import Names

COMPONENT_LABEL = "app.kubernetes.io/component"
ETCD, AGENT = "etcd", "agent"
"""Values of that label: a member's static pod, and its agent's."""
LONGEST = 63
"""Characters of a value of a label: DaemonSets label their pods' revisions with no more than a hash."""
DELIVERED_SUFFIX = ".delivered"
"""No slot's name has a dot."""


@dataclass(frozen=True, slots=True)
class NodePaths:
    """Folders of one member on its node."""

    manifests: str
    """Where the kubelet looks for static pods."""
    volumes: str
    """Of all members of the cluster on this node."""
    runs: str
    """Of all members of the cluster on this node."""
    member: str
    """Its slot."""
    file: str
    """Name of the manifest."""
    agent_file: str
    """Name of the agent's, where that is a static pod, too."""
    data: str
    """That has the volumes of any cluster on this node."""
    url_port: int = 0
    """On loopback, at which the kubelet fetches the member's manifest; 0 where that is a file."""

    @property
    def volume(self) -> str:
        """The member's volume."""
        return f"{self.volumes}/{self.member}"

    @property
    def delivered(self) -> str:
        """What an agent that is a static pod is told."""
        return f"{self.volume}{DELIVERED_SUFFIX}"

    @property
    def run(self) -> str:
        """What the member shares with its agent."""
        return f"{self.runs}/{self.member}"


def node_paths(names: Names, slot: str, manifests: str, data: str, run: str, url_port: int = 0) -> NodePaths:
    """Where a member is on its node.

    Args:
        names: of the cluster.
        slot: the member's.
        manifests: where its kubelet looks for static pods.
        data: the folder for volumes.
        run: the folder for sockets.
        url_port: on loopback, at which its kubelet fetches the manifest; 0 where that is a file.
    """
    # A namespace may have a cluster of the same name beside another one's.
    own = f"{names.namespace}.{names.cluster}"
    file, agent_file = f"{own}.{slot}.json", f"{own}.{slot}.agent.json"
    return NodePaths(manifests, f"{data}/{own}", f"{run}/{own}", slot, file, agent_file, data, url_port)


def volume_beside(delivered: str) -> str:
    """The volume of the member whose agent is told what is in `delivered`."""
    return delivered.removesuffix(DELIVERED_SUFFIX)


def labels(names: Names, slot: str, component: str) -> dict[str, str]:
    """Labels of one of a member's two pods."""
    return {**names.labels(slot), COMPONENT_LABEL: component}


def too_long(names: Names, slot: str, node: str) -> str:
    """Why a slot's objects cannot have their names; empty where they can."""
    name = names.member(slot)
    if len(name) > LONGEST:
        return f"its DaemonSet {name} would have more than {LONGEST} characters"
    mirror = f"{names.agent(slot)}-{node}"
    return "" if len(mirror) <= 253 else f"its pod {mirror} would have more than 253 characters"
