"""A member's data volume at EC2: looked for, attached, taken over. Thin."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from etcd_ops.ec2.aws import Aws, AwsUnavailable
from etcd_ops.ec2.claim import Attach, Attached, Claim, Detach, Found, Ready, Refuse, Wait, claim
from etcd_ops.model.tags import CLUSTER_TAG, DATA, SLOT_TAG, VOLUME_TAG

DEVICE = "/dev/sdf"
"""EC2 asks for a name; on Nitro the device has another one, by the volume's ID."""
_PAUSE_SECONDS = 2.0


class Refused(Exception):
    """The volume may not be used; the message says why, and what to do."""


class Volumes:
    """The volumes of one slot, as EC2 has them."""

    def __init__(self, aws: Aws, cluster: str, slot: str) -> None:
        self._aws, self._cluster, self._slot = aws, cluster, slot

    def take(self, instance: str, zone: str, say: Callable[[str], None], pause: float = _PAUSE_SECONDS) -> str:
        """Wait for the slot's volume for as long as it takes, and attach it here.

        Args:
            instance: ID of this machine.
            zone: its availability zone.
            say: is told what is waited for, once each.
            pause: seconds between two looks.

        Returns:
            The ID of the volume.

        Raises:
            Refused: there is none, or no right one.
        """
        told = ""
        while True:
            try:
                step = self.next(instance, zone)
                text = self._do(step, instance)
            except AwsUnavailable as problem:
                step, text = None, str(problem)
            if isinstance(step, Ready):
                return step.volume
            if isinstance(step, Refuse):
                raise Refused(step.reason)
            if text != told:
                say(text)
            told = text
            time.sleep(pause)

    def next(self, instance: str, zone: str) -> Claim:
        """What is to be done next.

        Raises:
            AwsUnavailable
        """
        found = self._found()
        others = {each.instance for volume in found for each in volume.attached} - {instance}
        return claim(found, self._states(others), instance, zone)

    def _do(self, step: Claim, instance: str) -> str:
        if isinstance(step, Attach):
            self._aws.call("ec2", "attach_volume", VolumeId=step.volume, InstanceId=instance, Device=DEVICE)
            return f"attaches {step.volume}"
        if isinstance(step, Detach):
            self._aws.call("ec2", "detach_volume", VolumeId=step.volume, InstanceId=step.instance)
            return f"takes {step.volume} from {step.instance}, which is terminated"
        return f"waits: {step.reason}" if isinstance(step, Wait) else ""

    def _found(self) -> list[Found]:
        tags = {CLUSTER_TAG: self._cluster, SLOT_TAG: self._slot, VOLUME_TAG: DATA}
        filters = [{"Name": f"tag:{name}", "Values": [value]} for name, value in tags.items()]
        return [_found(each) for each in self._aws.pages("ec2", "describe_volumes", "Volumes", Filters=filters)]

    def _states(self, instances: set[str]) -> dict[str, str]:
        if not instances:
            return {}
        # By a filter: one that EC2 does not know any more is left out, where asking for its ID would be an error.
        filters = [{"Name": "instance-id", "Values": sorted(instances)}]
        found = self._aws.pages("ec2", "describe_instances", "Reservations", Filters=filters)
        return {each["InstanceId"]: each["State"]["Name"] for some in found for each in some["Instances"]}


def _found(volume: dict[str, Any]) -> Found:
    attached = tuple(Attached(each["InstanceId"], each["State"]) for each in volume.get("Attachments", ()))
    return Found(volume["VolumeId"], volume["AvailabilityZone"], volume["State"], attached)
