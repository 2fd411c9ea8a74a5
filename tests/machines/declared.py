"""What a stack declares of a cluster on machines, without the stack: user data, and the body of the document."""

from __future__ import annotations

from typing import Any

from etcd_ops.ec2.user_data import render
from etcd_ops.model.spec import AgentSpec, ClusterSpec
from etcd_ops.model.topology import Place, Slot
from pulumi_etcd.ec2 import machine
from pulumi_etcd.ec2.machines import Machines
from pulumi_etcd.ec2.naming import CHANNEL, Ec2Names
from pulumi_etcd.ec2.planned import Ref, replaced
from tests.machines.api import ENDPOINT
from tests.machines.cloud.settings import ACCOUNT, REGION
from tests.machines.fleet import INSTANCE_TYPE, ROOT_DEVICE, VOLUME_GIB, Fleet
from tests.machines.trust import Trust

SLOTS = ("a-1", "b-1", "c-1")
ARCHITECTURE = "x86_64"


class Declared:
    """One cluster of three.

    Args:
        fleet: its objects at AWS.

    Attributes:
        etcd: `ClusterSpec.etcd`.
        agent: `ClusterSpec.agent`.
        trust: its certificates.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.etcd: dict[str, Any] = {}
        self.agent: AgentSpec
        self.trust = Trust(fleet.cluster, {slot: self.host(slot) for slot in SLOTS})

    def host(self, slot: str) -> str:
        """A member's name."""
        return f"{slot}.{self._fleet.zone}"

    def secret(self, slot: str) -> str:
        """Name of a slot's secret."""
        return f"etcd/{self._fleet.cluster}/{slot}"

    def user_data(self, slot: str) -> str:
        """What a slot's machine is told."""
        told = machine.configuration(self._told(), self._slot(slot))
        return render(replaced(told, self._known))

    def template(self, slot: str) -> str:
        """Digest of what a slot's machine is made from."""
        return machine.template_digest(self._told(), self._slot(slot))

    def channel(self) -> dict[str, str]:
        """The connection of its channel."""
        return {
            "kind": "s3",
            "bucket": self._fleet.bucket,
            "prefix": CHANNEL,
            "region": REGION,
            "endpointUrl": ENDPOINT,
            "expectedAccount": ACCOUNT,
        }

    def spec(self) -> ClusterSpec:
        """The document's body."""
        members = {slot: self._member(self._slot(slot)) for slot in SLOTS}
        body = {
            "name": self._fleet.cluster,
            "members": members,
            "etcd": self.etcd,
            "trust": self.trust.declared(),
            "agent": self.agent,
            "renewal": {"validity_hours": 2160, "window_hours": 540},
        }
        return ClusterSpec.model_validate(body)

    def _member(self, slot: Slot) -> dict[str, Any]:
        return {
            "zone": slot.zone,
            "peer_url": slot.urls.peer,
            "client_url": slot.urls.client,
            "metrics_url": slot.urls.metrics,
            "health_url": slot.urls.health,
            "volume_bytes": VOLUME_GIB << 30,
            "certificates": self.trust.certificates(slot.name),
            "template": self.template(slot.name),
        }

    def _slot(self, name: str) -> Slot:
        urls = self._names().addressing.urls(Place(0, 1, name))
        return Slot(name, f"{REGION}{name[0]}", 1, urls)

    def _told(self) -> machine.Fleet:
        machines = Machines(self._fleet.image, INSTANCE_TYPE, ARCHITECTURE, ROOT_DEVICE)
        return machine.Fleet(self._names(), machines, self.channel(), ENDPOINT)

    def _names(self) -> Ec2Names:
        fleet = self._fleet
        return Ec2Names(fleet.cluster, REGION, ACCOUNT, "", fleet.zone, fleet.bucket)

    def _known(self, leaf: Any) -> Any:
        """What AWS tells of the private zone, of which alone a machine's configuration refers to."""
        return self._fleet.zone_id if isinstance(leaf, Ref) else leaf
