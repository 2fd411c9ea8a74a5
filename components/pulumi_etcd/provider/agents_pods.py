"""The pods of one member's agent, or the mirrors of its static pod, as the API server has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_etcd.kubernetes.naming import INSTANCE_LABEL, SLOT_LABEL
from pulumi_etcd.provider.values import Properties
from pulumi_etcd.static_pods.naming import AGENT, COMPONENT_LABEL

if TYPE_CHECKING:
    from httpx2 import Client, Response


def agents_pods(client: Client, namespace: str, member: Properties) -> Response:
    """A list of them.

    Args:
        client: of the API server.
        namespace: its path.
        member: has `cluster` and `slot`.

    Raises:
        httpx2.HTTPError
    """
    labels = {INSTANCE_LABEL: member["cluster"], SLOT_LABEL: member["slot"], COMPONENT_LABEL: AGENT}
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    answer = client.get(f"{namespace}/pods", params={"labelSelector": selector})
    answer.raise_for_status()
    return answer
