"""The custom resource `etcd:index:StatefulSetMember`, as components declare it."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from typing_extensions import NotRequired

from pulumi_etcd.shared import ChannelConnection
from pulumi_etcd.wire import to_snake, to_wire


class StatefulSetMemberArgs(TypedDict):
    """Arguments of a `StatefulSetMember`."""

    channel: ChannelConnection
    """Where the member publishes its status."""
    cluster: str
    """The cluster's name. It cannot be changed."""
    slot: str
    """The member's slot. It cannot be changed."""
    zone: str
    """The zone it runs in. It cannot be changed: a StatefulSet's volume does not move."""
    namespace: str
    """The namespace of its pod. It cannot be changed."""
    namespace_uid: str
    """The namespace's UID. It cannot be changed."""
    kubeconfig: str
    """Absolute path of the kubeconfig that leads to the Kubernetes cluster."""
    context: str
    """Of the kubeconfig."""
    pod: str
    """Name of its pod. It cannot be changed."""
    claim: str
    """Name of its volume claim. It cannot be changed."""
    volume_bytes: int
    """Size of its volume, which its claim asks for. It can be raised where the storage class lets volumes grow."""
    storage_class: str
    """Storage class of its volume; empty for the Kubernetes cluster's default. It cannot be changed."""
    former_owner: NotRequired[str]
    """URN of the Rollout whose cluster this one takes over; none when absent."""


class StatefulSetMember(pulumi.CustomResource):
    """A member's place in a namespace and in the channel: deleted after its StatefulSet, it leaves no trace of it."""

    objects: pulumi.Output[Sequence[str]]
    """What has to be gone before it is: its pod and its volume claim, as kind/name."""

    def __init__(self, name: str, args: StatefulSetMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a member.

        Args:
            name: the resource's name.
            args: where it is.
            opts: the resource's options; everything of the member should depend on it.
        """
        properties = {**to_wire(args, StatefulSetMemberArgs), "objects": None}
        super().__init__("etcd:index:StatefulSetMember", name, properties, opts)

    def translate_output_property(self, prop: str) -> str:
        """Attributes have Python names."""
        return to_snake(prop)
