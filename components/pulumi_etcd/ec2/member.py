"""The custom resource `etcd:index:Ec2Member`, as components declare it."""

from typing import TypedDict

import pulumi

from pulumi_etcd.shared import ChannelConnection
from pulumi_etcd.wire import to_snake, to_wire


class Ec2MemberArgs(TypedDict):
    """Arguments of an `Ec2Member`."""

    channel: ChannelConnection
    """Where the member publishes its status. It cannot be changed."""
    cluster: str
    """The cluster's name. It cannot be changed."""
    slot: str
    """The member's slot. It cannot be changed."""
    zone: str
    """The availability zone it stands in. It cannot be changed: a volume does not move."""
    region: str
    """The region. It cannot be changed."""
    account: str
    """The account. It cannot be changed."""
    architecture: str
    """Of its machines. It cannot be changed yet."""
    volume_bytes: int
    """Size of its data volume. It can only be raised."""


class Ec2Member(pulumi.CustomResource):
    """A member's place in an account and in the channel: deleted after its volume, it leaves no trace of it."""

    volume_bytes: pulumi.Output[int]
    """Size of its data volume."""

    def __init__(self, name: str, args: Ec2MemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a member.

        Args:
            name: the resource's name.
            args: where it is.
            opts: the resource's options; its volume and its group should depend on it.
        """
        super().__init__("etcd:index:Ec2Member", name, to_wire(args, Ec2MemberArgs), opts)

    def translate_output_property(self, prop: str) -> str:
        """Attributes have Python names."""
        return to_snake(prop)
