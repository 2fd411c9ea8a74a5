"""What moto leaves out of volumes: one attachment at a time, in one zone, which may outlive the instance."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend

from tests.machines.cloud.settings import SETTINGS

_attach, _terminate = EC2Backend.attach_volume, EC2Backend.terminate_instances


def install() -> None:
    """Have moto's EC2 do it, in this process."""
    setattr(EC2Backend, "attach_volume", attach_volume)  # noqa: B010 - a method of somebody else's class
    setattr(EC2Backend, "terminate_instances", terminate_instances)  # noqa: B010


def attach_volume(backend: Any, volume_id: str, instance_id: str, device_path: str, *rest: Any, **more: Any) -> Any:
    """Attach a volume that is free, to an instance that runs in its zone, at a device that is free.

    Raises:
        EC2ClientError: it is not so; with the code that EC2 has for it.
    """
    volume, instance = backend.get_volume(volume_id), backend.get_instance(instance_id)
    if volume.attachment is not None:
        holder = volume.attachment.instance.id
        raise EC2ClientError("VolumeInUse", f"{volume_id} is already attached to {holder}")
    if instance.state != "running":
        raise EC2ClientError("IncorrectState", f"Instance '{instance_id}' is not 'running'.")
    if volume.zone.name != instance.availability_zone:
        raise EC2ClientError(
            "InvalidVolume.ZoneMismatch", f"The volume '{volume_id}' is not in the zone of instance '{instance_id}'."
        )
    if device_path in instance.block_device_mapping:
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{device_path}' for unixDevice: already in use")
    return _attach(backend, volume_id, instance_id, device_path, *rest, **more)


def terminate_instances(backend: Any, instance_ids: list[str]) -> Any:
    """Terminate instances; where that is to be late, EC2 has not let go of the volumes that outlive them yet."""
    held = [each.attachment for each in backend.volumes.values() if each.attachment is not None]
    kept = [each for each in held if SETTINGS.keep_attached and each.instance.id in instance_ids]
    done = _terminate(backend, instance_ids)
    for each in kept:
        if each.volume.id in backend.volumes:
            _attach(backend, each.volume.id, each.instance.id, each.device)
    return done
