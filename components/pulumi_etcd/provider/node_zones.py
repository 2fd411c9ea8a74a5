"""Whether the node of a member stands where it is declared to, as far as whoever runs Pulumi may know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_etcd.provider.namespaces import Question, look, nodes
from pulumi_etcd.provider.resource import Call, Failed
from pulumi_etcd.provider.values import Properties
from pulumi_etcd.static_pods.zones import other_zone

if TYPE_CHECKING:
    from httpx2 import Client


async def warn_of_another(call: Call, member: Properties) -> None:
    """Warn where the member's node has the label of another zone than is declared.

    Nothing is said where nodes cannot be listed: by which zones members are spread is declared, and this a help only.

    Args:
        call: of the member's resource.
        member: properties of a `StaticPodMember`.
    """
    told: list[str] = []
    try:
        await look(member, _others(member, told), "list of nodes")
    except Failed:
        return
    for line in told:
        await call.warn(line)


def _others(member: Properties, told: list[str]) -> Question:
    def ask(client: Client, namespace: str) -> str:
        del namespace
        labels = [each["metadata"].get("labels", {}) for each in nodes(client, member["node"])]
        found = (other_zone(member["slot"], member["node"], member["zone"], each) for each in labels)
        told.extend(filter(None, found))
        return ""

    return ask
