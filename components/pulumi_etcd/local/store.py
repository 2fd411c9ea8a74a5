"""The custom resource `etcd:index:LocalStore`, as components declare it."""

from typing import TypedDict

import pulumi
from typing_extensions import NotRequired

from pulumi_etcd.wire import to_snake, to_wire


class LocalStoreArgs(TypedDict):
    """Arguments of a `LocalStore`."""

    directory: str
    """Absolute path of the channel's directory. It cannot be changed."""
    keep: NotRequired[bool]
    """Whether its content stays when it is deleted, as it must where volumes do; false when absent."""


class LocalStore(pulumi.CustomResource):
    """A directory of this machine as a cluster's channel."""

    present: pulumi.Output[bool]
    """Whether the directory is there."""

    def __init__(self, name: str, args: LocalStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a store.

        Args:
            name: the resource's name.
            args: where it is.
            opts: the resource's options.
        """
        super().__init__("etcd:index:LocalStore", name, {**to_wire(args, LocalStoreArgs), "present": None}, opts)

    def translate_output_property(self, prop: str) -> str:
        """Attributes have Python names."""
        return to_snake(prop)
