"""The custom resource `etcd:index:LocalZone`, as components declare it."""

from typing import TypedDict

import pulumi
from typing_extensions import NotRequired

from pulumi_etcd.wire import to_snake, to_wire


class LocalZoneArgs(TypedDict):
    """Arguments of a `LocalZone`."""

    directory: str
    """Absolute path of the cluster's directory. It cannot be changed."""
    zone: str
    """The zone's name, a DNS label. It cannot be changed."""
    object_store: NotRequired[bool]
    """Whether its agents reach an object store, and so need the AWS variables of the environment; false when absent."""


class LocalZone(pulumi.CustomResource):
    """A zone of this machine: a process supervisor, and a watchdog that restarts it, outliving the engine."""

    socket: pulumi.Output[str]
    """Path of the supervisor's Unix socket."""
    running: pulumi.Output[bool]
    """Whether the supervisor and its watchdog run."""
    starts: pulumi.Output[int]
    """How often this resource had to start them."""

    def __init__(self, name: str, args: LocalZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a zone.

        Args:
            name: the resource's name.
            args: where it is.
            opts: the resource's options.
        """
        properties = {**to_wire(args, LocalZoneArgs), "socket": None, "running": None, "starts": None}
        super().__init__("etcd:index:LocalZone", name, properties, opts)

    def translate_output_property(self, prop: str) -> str:
        """Attributes have Python names."""
        return to_snake(prop)
