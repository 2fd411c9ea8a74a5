"""A member's namespace on a real API server, and its channel, for the tests of its custom resources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import FORMATION, Channel, log_name, status_name
from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.status import MemberStatus, State
from tests.servers.kubernetes import CONTEXT, KubernetesServer


@dataclass
class Place:
    """A namespace with a member of one cluster."""

    server: KubernetesServer
    namespace: str
    uid: str

    def inputs(self, **changes: Any) -> dict[str, Any]:
        place = {"kubeconfig": str(self.server.kubeconfig), "context": CONTEXT, "namespaceUid": self.uid}
        return {
            "channel": {**self.server.connection(self.namespace, "demo"), "namespaceUid": self.uid},
            "cluster": "demo",
            "slot": "a-1",
            "zone": "a",
            "namespace": self.namespace,
            "pod": "demo-a-1-0",
            "claim": "data-demo-a-1-0",
            "volumeBytes": 1024**3,
            "storageClass": "fast",
            **place,
            **changes,
        }

    def channel(self) -> Channel:
        return connect(self.inputs()["channel"])

    def put(self, plural: str, manifest: dict[str, Any]) -> None:
        self.server.request("POST", f"/api/v1/namespaces/{self.namespace}/{plural}", manifest)

    def delete(self, plural: str, name: str) -> None:
        self.server.request("DELETE", f"/api/v1/namespaces/{self.namespace}/{plural}/{name}")

    def release(self, name: str) -> None:
        """Let a claim that is being deleted go, as its controller does once no pod uses it."""
        path = f"/api/v1/namespaces/{self.namespace}/persistentvolumeclaims/{name}"
        found = self.server.request("GET", path)
        found["metadata"]["finalizers"] = []
        self.server.request("PUT", path, found)


class HasChannel(Protocol):
    """A member's place, of any platform."""

    def channel(self) -> Channel: ...


async def publish(place: HasChannel, volume_id: str = "v1", *slots: str) -> None:
    """A formed cluster of these slots, the member's on this volume."""
    channel = place.channel()
    volumes = {"a-1": volume_id, **{slot: f"of {slot}" for slot in slots}}
    started = {slot: Started(volume_id=volume, peer_url=f"https://{slot}:2380") for slot, volume in volumes.items()}
    founders = {slot: each.peer_url for slot, each in started.items()}
    record = FormationRecord(token="t", incarnation=1, state=FormationState.FORMED, founders=founders, started=started)
    await channel.put(FORMATION, record.encode())
    status = MemberStatus(
        slot="a-1", zone="a", boot_id="b", sequence=1, agent_version="1", state=State.RUNNING, volume_id=volume_id
    )
    await channel.put(status_name("a-1"), status.encode())
    await channel.put(log_name("a-1"), b"{}\n")
    await channel.close()


async def known(place: HasChannel) -> tuple[FormationRecord | None, bool, bool]:
    """The formation record, and whether there are a status and a log."""
    channel = place.channel()
    record, status, log = [await channel.read(name) for name in (FORMATION, status_name("a-1"), log_name("a-1"))]
    await channel.close()
    return FormationRecord.decode(record.data) if record else None, status is not None, log is not None


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("that did not come about")
