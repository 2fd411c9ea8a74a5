"""What a machine is told by its user data: `/etc/etcd-ops/machine.json`."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.channel.s3 import S3Connection
from etcd_ops.ec2 import places
from etcd_ops.model.document import Tolerant


class Machine(Tolerant):
    """One member's place; nothing secret. A field that a newer declaration adds is ignored."""

    cluster: str
    slot: str
    zone: str
    region: str
    account: str = ""
    architecture: str = ""
    channel: S3Connection
    artifacts: str
    """Begins the keys of the artifacts in the channel's bucket, which are named by their SHA-256."""
    secret: str
    """Name of the secret with this member's certificates and keys."""
    host: str
    """The member's name in the private zone."""
    hosted_zone_id: str
    group: str
    """The Auto Scaling group that keeps exactly this machine."""
    hook: str
    """The group's hook that holds terminations."""
    endpoint_url: str = ""
    """Of a server that stands for AWS; empty for AWS."""
    template: str = ""
    """Digest of what the machine was made from."""

    @staticmethod
    def read(path: Path = places.CONFIG) -> Machine:
        """This machine's.

        Raises:
            OSError
            pydantic.ValidationError: it is none.
        """
        return Machine.decode(path.read_bytes())

    def group_of(self, slot: str) -> str:
        """The Auto Scaling group of another slot: they are named alike."""
        return f"{self.group.removesuffix(self.slot)}{slot}"
