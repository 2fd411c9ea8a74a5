"""The custom resource `etcd:index:LocalContext`, as components declare it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi

from pulumi_etcd.local.member import Credential
from pulumi_etcd.shared import ChannelConnection
from pulumi_etcd.wire import to_snake, to_wire


class ContextMember(TypedDict):
    """What an operator's tools have to know of one member."""

    zone: str
    """Its zone."""
    client_url: str
    """`https://host:port` that clients use."""
    metrics_url: str
    """`https://host:port` on which its agent republishes metrics."""
    health_url: str
    """`http://127.0.0.x:port` of etcd's own metrics and health."""


class LocalContextArgs(TypedDict):
    """Arguments of a `LocalContext`."""

    directory: str
    """Absolute path of the cluster's directory. It cannot be changed."""
    cluster: str
    """The cluster's name."""
    channel: ChannelConnection
    """Where declaration and statuses are exchanged."""
    endpoints: Sequence[str]
    """URLs that clients use."""
    members: Mapping[str, ContextMember]
    """Members by slot."""
    client: Credential
    """An operator's credential for etcd."""
    metrics: Credential
    """An operator's credential for metrics."""
    client_authorities: pulumi.Input[str]
    """Certificates that etcd's clients believe, PEM."""
    metrics_authorities: pulumi.Input[str]
    """Certificates that readers of metrics believe, PEM."""


class LocalContext(pulumi.CustomResource):
    """Files from which `etcd-ops` and `etcdctl` on this machine know how to reach the cluster."""

    path: pulumi.Output[str]
    """Path of the context file."""

    def __init__(self, name: str, args: LocalContextArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a context.

        Args:
            name: the resource's name.
            args: what it tells.
            opts: the resource's options.
        """
        super().__init__("etcd:index:LocalContext", name, {**to_wire(args, LocalContextArgs), "path": None}, opts)

    def translate_output_property(self, prop: str) -> str:
        """Attributes have Python names."""
        return to_snake(prop)
