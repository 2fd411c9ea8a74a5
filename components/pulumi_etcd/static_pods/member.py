"""The custom resource `etcd:index:StaticPodMember`, as components declare it."""

from typing import TypedDict

import pulumi
from typing_extensions import NotRequired

from pulumi_etcd.shared import ChannelConnection
from pulumi_etcd.wire import to_wire


class StaticPodMemberArgs(TypedDict):
    """Arguments of a `StaticPodMember`."""

    channel: ChannelConnection
    """Where the member publishes its status."""
    cluster: str
    """The cluster's name. It cannot be changed."""
    slot: str
    """The member's slot. It cannot be changed."""
    name: str
    """Name of its DaemonSet, and of its static pod. It cannot be changed."""
    zone: str
    """The zone that its node stands in. It cannot be changed."""
    node: str
    """The node's label `kubernetes.io/hostname`. It cannot be changed: the volume is on that node's disk."""
    address: str
    """By which the node is reached. It cannot be changed."""
    base_port: int
    """Port for clients. It cannot be changed."""
    namespace: str
    """The namespace of its pods. It cannot be changed."""
    namespace_uid: str
    """The namespace's UID. It cannot be changed."""
    kubeconfig: str
    """Absolute path of the kubeconfig that leads to the Kubernetes cluster."""
    context: str
    """Of the kubeconfig."""
    manifests: str
    """The folder in which the node's kubelet looks for static pods. It cannot be changed."""
    file: str
    """Name of the member's manifest there. It cannot be changed."""
    agent_file: NotRequired[str]
    """Name of its agent's manifest there, where that is a static pod, too. It cannot be changed."""
    url_port: NotRequired[int]
    """On loopback, at which the kubelet fetches the member's manifest; 0 or absent where that is a file. It cannot be
    changed."""
    volumes: str
    """The folder on the node that has the member's volume. It cannot be changed."""
    runs: str
    """The folder on the node that has the member's sockets. It cannot be changed."""
    image: str
    """The agent's, by which the member is taken off its node."""
    former_owner: NotRequired[str]
    """URN of the Rollout whose cluster this one takes over; none when absent."""


class StaticPodMember(pulumi.CustomResource):
    """A member's place on a node and in the channel: deleted after its agent, it leaves no trace of it on either."""

    def __init__(self, name: str, args: StaticPodMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a member.

        Args:
            name: the resource's name.
            args: where it is.
            opts: the resource's options; everything of the member should depend on it.
        """
        super().__init__("etcd:index:StaticPodMember", name, to_wire(args, StaticPodMemberArgs), opts)
