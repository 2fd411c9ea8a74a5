"""Arguments that several components and resources have in common."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from typing_extensions import NotRequired


class ChannelConnection(TypedDict):
    """Where the desired document, the statuses and the lock of a cluster are kept."""

    kind: str
    """`directory`, `s3` or `kubernetes`."""
    directory: NotRequired[str]
    """Absolute path, for kind `directory`."""
    bucket: NotRequired[str]
    """Name of the bucket, for kind `s3`."""
    prefix: NotRequired[str]
    """Begins every key, for kind `s3`: empty, or ends with a slash."""
    region: NotRequired[str]
    """AWS region, for kind `s3`."""
    endpoint_url: NotRequired[str]
    """URL of a server other than AWS, for kind `s3`."""
    expected_account: NotRequired[str]
    """AWS account that must own the bucket, for kind `s3`; nothing is written anywhere else."""
    role_arn: NotRequired[str]
    """ARN of the role that is taken with the credentials of the AWS chain, for kind `s3`; none when absent."""
    namespace: NotRequired[str]
    """Name of the namespace, for kind `kubernetes`."""
    cluster: NotRequired[str]
    """Begins the names of all objects in the namespace, for kind `kubernetes`."""
    kubeconfig: NotRequired[str]
    """Absolute path, for kind `kubernetes`; empty for the service account of the pod that a process runs in."""
    context: NotRequired[str]
    """Of the kubeconfig, for kind `kubernetes`."""
    namespace_uid: NotRequired[str]
    """The UID that the namespace must have, for kind `kubernetes`; nothing is written anywhere else."""


class Renewal(TypedDict):
    """When leaf certificates are renewed. Validity must be at least four windows."""

    validity_hours: NotRequired[int]
    """How long a leaf is valid, in hours; 2160 (90 days) when absent."""
    window_hours: NotRequired[int]
    """How long before its end an `up` renews it, in hours; 540 when absent."""


class Healing(TypedDict):
    """What agents may repair by themselves."""

    automatic_replacements_per_day: NotRequired[int]
    """Members with a lost disk that agents replace per day without an operator's approval; 1 when absent."""


class Agent(TypedDict):
    """The agent that runs beside every member."""

    version: str
    """Its version; another one makes agents upgrade themselves, zone by zone, without restarting etcd."""
    command: list[str]
    """Program and leading arguments that start it, without the subcommand."""


class GivenAuthority(TypedDict):
    """A certificate authority that was made elsewhere."""

    cert_pem: pulumi.Input[str]
    """Its certificate, PEM."""
    private_key_pem: pulumi.Input[str]
    """Its private key, PEM; treated as a secret."""


class Trust(TypedDict):
    """Generations of the certificate authority of one trust."""

    generations: NotRequired[Sequence[int]]
    """Those that are believed; `[1]` when absent. A rotation names both, then switches the issuer, then drops one."""
    issuer: NotRequired[int]
    """The one whose leaves are used; the only one when absent."""
    authorities: NotRequired[Mapping[str, GivenAuthority]]
    """Authorities that were made elsewhere, by generation, as of a cluster that is adopted; the others are made."""


class Trusts(TypedDict):
    """The three separate trusts of a cluster."""

    peer: NotRequired[Trust]
    """Among members."""
    client: NotRequired[Trust]
    """Between members and clients."""
    metrics: NotRequired[Trust]
    """Between agents and whoever reads metrics."""
    shared: NotRequired[bool]
    """Whether one authority may issue for peers and for clients, as that of an adopted cluster may: whoever has a
    client's certificate of it can join the cluster. False when absent."""


class OriginMember(TypedDict):
    """A member that somebody else runs."""

    peer_url: str
    """`https://host:port` under which etcd's member list has it."""
    client_url: str
    """`https://host:port` at which agents reach it."""


class Migration(TypedDict):
    """A cluster that others serve, and that is moved over to the declared members while it serves."""

    phase: str
    """`join`: declared members join, all others stay; `take-over`: the others are removed; `return`: those that were
    removed come back; `leave`: declared members are removed."""
    members: Mapping[str, OriginMember]
    """The members that somebody else runs, by a name that need not be etcd's own."""
    keep: NotRequired[Sequence[str]]
    """Names among `members` of those that stay for now in phase `take-over`; none when absent."""


class Protect(TypedDict):
    """What the engine refuses to delete."""

    volumes: NotRequired[bool]
    """Members with their volumes; false when absent."""
    authorities: NotRequired[bool]
    """Certificate authorities; false when absent."""


class ClientCredential(TypedDict):
    """A client's certificate and key."""

    cert_pem: str
    """The certificate, PEM."""
    key_pem: str
    """Its private key, PEM."""
