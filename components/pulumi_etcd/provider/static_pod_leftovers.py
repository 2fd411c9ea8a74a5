"""Short-lived pods on a member's node that earlier runs left: they end, or are proved never to begin, before others do.

No pod is deleted by force: as long as its kubelet has not confirmed its end, it may run on a node that is cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.provider.namespaces import Question, get, remove
from pulumi_etcd.provider.values import Properties
from pulumi_etcd.static_pods.installation import installation_name
from pulumi_etcd.static_pods.removal import removal_name

if TYPE_CHECKING:
    from httpx2 import Client


def removal_left(slot: Properties) -> Question:
    """The pod of a removal that was not brought to its end, which would take a declared member off its node.

    Args:
        slot: properties of the member, or of its installation.
    """
    name = removal_name(_names(slot).member(slot["slot"]))

    def ask(client: Client, namespace: str) -> str:
        return _end(client, f"{namespace}/pods/{name}", f"pod {name} of an earlier removal", slot["node"])

    return ask


def removal_there(slot: Properties) -> Question:
    """The same, which is only looked at."""
    name = removal_name(_names(slot).member(slot["slot"]))

    def ask(client: Client, namespace: str) -> str:
        there = get(client, f"{namespace}/pods/{name}") is not None
        return f"pod {name} of an earlier removal is there, and must not remove {slot['slot']}" if there else ""

    return ask


def installation_left(slot: Properties) -> Question:
    """The pod that installs an agent, which would put it back, and the Secret with its keys.

    Args:
        slot: properties of the member, or of its installation.
    """
    name = installation_name(_names(slot).agent(slot["slot"]))

    def ask(client: Client, namespace: str) -> str:
        remove(client, f"{namespace}/secrets/{name}")
        return _end(client, f"{namespace}/pods/{name}", f"pod {name}", slot["node"])

    return ask


def _end(client: Client, path: str, what: str, node: str) -> str:
    """Have a pod end; what is left of it, empty once there is nothing."""
    found = get(client, path)
    if found is None:
        return ""
    metadata = found["metadata"]
    if "deletionTimestamp" not in metadata:
        remove(client, path, metadata["uid"])
    return f"{what} to be gone, whose end only the kubelet of node {node} can tell"


def _names(slot: Properties) -> Names:
    return Names(slot["cluster"], slot["namespace"], "")
