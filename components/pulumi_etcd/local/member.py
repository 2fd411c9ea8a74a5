"""The custom resource `etcd:index:LocalMember`, as components declare it."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from typing_extensions import NotRequired

from pulumi_etcd.shared import Agent, ChannelConnection
from pulumi_etcd.wire import to_snake, to_wire


class Credential(TypedDict):
    """A certificate and its key, delivered together."""

    cert_pem: pulumi.Input[str]
    """The certificate, PEM."""
    key_pem: pulumi.Input[str]
    """Its private key, PEM; secret."""


class LocalMemberCredentials(TypedDict):
    """One member's leaf certificates."""

    peer: Credential
    """With which members speak to each other."""
    server: Credential
    """That clients see."""
    metrics: Credential
    """Under which the agent republishes metrics."""
    agent: Credential
    """The agent's own, as a client."""


class LocalMemberAuthorities(TypedDict):
    """Certificates of the authorities that may be believed, PEM, by trust and trust generation."""

    peer: Mapping[str, pulumi.Input[str]]
    """Among members."""
    client: Mapping[str, pulumi.Input[str]]
    """Between members and clients."""
    metrics: Mapping[str, pulumi.Input[str]]
    """Between agents and whoever reads metrics."""


class LocalMemberArgs(TypedDict):
    """Arguments of a `LocalMember`."""

    directory: str
    """Absolute path of the cluster's directory. It cannot be changed."""
    cluster: str
    """The cluster's name. It cannot be changed."""
    slot: str
    """The member's slot. It cannot be changed."""
    zone: str
    """The zone it runs in. It cannot be changed."""
    channel: ChannelConnection
    """Where its agent finds the desired document."""
    agent: Agent
    """The agent with which it begins; later ones come by the desired document."""
    credentials: LocalMemberCredentials
    """Its leaf certificates. Delivering them needs no restart."""
    authorities: LocalMemberAuthorities
    """Whom it may be told to believe."""
    keep_volume: NotRequired[bool]
    """Whether its volume stays when it is deleted; false when absent."""
    adopt: NotRequired[bool]
    """Whether its volume may already hold data that this package did not make; false when absent."""


class LocalMember(pulumi.CustomResource):
    """A member's volume, credentials and two programs. What runs, and when, is its agent's affair."""

    volume: pulumi.Output[str]
    """Path of its volume."""
    volume_id: pulumi.Output[str]
    """Identity of its volume."""
    fingerprints: pulumi.Output[Mapping[str, str]]
    """By use: the fingerprint of its leaf certificate."""

    def __init__(self, name: str, args: LocalMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a member.

        Args:
            name: the resource's name.
            args: where it is, and whom it believes.
            opts: the resource's options; it should depend on its zone and on the store.
        """
        outputs = ("volume", "volumeId", "fingerprints")
        properties = {**to_wire(args, LocalMemberArgs), **dict.fromkeys(outputs)}
        super().__init__("etcd:index:LocalMember", name, properties, opts)

    def translate_output_property(self, prop: str) -> str:
        """Attributes have Python names."""
        return to_snake(prop)
