"""What a stack declares of a cluster on machines, without the stack: user data, and the body of the document."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from etcd_ops.ec2.user_data import render
from etcd_ops.model.spec import ClusterSpec
from tests.machines.api import ENDPOINT
from tests.machines.cloud.settings import ACCOUNT, REGION
from tests.machines.fleet import HOOK, VOLUME_GIB, Fleet
from tests.machines.trust import Trust

SLOTS = ("a-1", "b-1", "c-1")
ARTIFACTS = "artifacts/"


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
        self.agent: dict[str, Any] = {}
        self.trust = Trust(fleet.cluster, {slot: self.host(slot) for slot in SLOTS})

    def host(self, slot: str) -> str:
        """A member's name."""
        return f"{slot}.{self._fleet.zone}"

    def secret(self, slot: str) -> str:
        """Name of a slot's secret."""
        return f"etcd/{self._fleet.cluster}/{slot}"

    def user_data(self, slot: str) -> str:
        """What a slot's machine is told."""
        bare = self._configuration(slot)
        return render({**bare, "hostedZoneId": self._fleet.zone_id, "template": self.template(slot)})

    def template(self, slot: str) -> str:
        """Digest of what a slot's machine is made from."""
        told = json.dumps([self._fleet.image, render(self._configuration(slot))])
        return hashlib.sha256(told.encode()).hexdigest()

    def channel(self) -> dict[str, str]:
        """The connection of its channel."""
        return {
            "kind": "s3",
            "bucket": self._fleet.bucket,
            "prefix": "channel/",
            "region": REGION,
            "endpointUrl": ENDPOINT,
            "expectedAccount": ACCOUNT,
        }

    def spec(self) -> ClusterSpec:
        """The document's body."""
        members = {
            slot: {
                "zone": slot[0],
                "peer_url": f"https://{self.host(slot)}:2380",
                "client_url": f"https://{self.host(slot)}:2379",
                "metrics_url": f"https://{self.host(slot)}:2381",
                "health_url": "http://127.0.0.1:2382",
                "volume_bytes": VOLUME_GIB << 30,
                "certificates": self.trust.certificates(slot),
                "template": self.template(slot),
            }
            for slot in SLOTS
        }
        body = {
            "name": self._fleet.cluster,
            "members": members,
            "etcd": self.etcd,
            "trust": self.trust.declared(),
            "agent": self.agent,
            "renewal": {"validity_hours": 2160, "window_hours": 540},
        }
        return ClusterSpec.model_validate(body)

    def _configuration(self, slot: str) -> dict[str, Any]:
        return {
            "cluster": self._fleet.cluster,
            "slot": slot,
            "zone": slot[0],
            "region": REGION,
            "account": ACCOUNT,
            "architecture": "x86_64",
            "channel": self.channel(),
            "artifacts": ARTIFACTS,
            "secret": self.secret(slot),
            "host": self.host(slot),
            "group": self._fleet.group(slot),
            "hook": HOOK,
            "endpointUrl": ENDPOINT,
        }
