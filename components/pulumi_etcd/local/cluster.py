"""The component `etcd:index:LocalCluster`."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

import pulumi

from etcd_ops.model.problems import Invalid
from pulumi_etcd.certificates import issue
from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.local.declaration import Declaration, contract, declare
from pulumi_etcd.local.etcd_binary import find
from pulumi_etcd.local.resources import create


class ClientCredential(TypedDict):
    """A client's certificate and key."""

    cert_pem: str
    """The certificate, PEM."""
    key_pem: str
    """Its private key, PEM."""


class LocalCluster(pulumi.ComponentResource):
    """An etcd cluster of processes on this machine, in zones that fail separately, with mutual TLS throughout."""

    cluster_name: pulumi.Output[str]
    """The cluster's name."""
    endpoints: pulumi.Output[Sequence[str]]
    """URLs that clients use."""
    ca_bundle: pulumi.Output[str]
    """Certificates that clients believe, PEM."""
    client_credential: pulumi.Output[ClientCredential]
    """An operator's client certificate and key; secret."""
    members: pulumi.Output[Mapping[str, Mapping[str, Any]]]
    """By slot: the zone that the member stands in, its URLs, and the size of its volume."""
    channel: pulumi.Output[Mapping[str, str]]
    """Where declaration and statuses are exchanged."""
    context_file: pulumi.Output[str]
    """Path of the file from which `etcd-ops` knows the cluster."""
    generation: pulumi.Output[int]
    """Generation of the desired document that every member has applied."""
    digest: pulumi.Output[str]
    """SHA-256 of that document."""
    contract: pulumi.Output[Mapping[str, Any]]
    """What was declared, with every default: what policies judge."""

    def __init__(self, name: str, args: LocalClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a cluster.

        Args:
            name: the resource's and the cluster's name.
            args: what it is to be.
            opts: the component's options.

        Raises:
            pulumi.RunError: the arguments cannot be used; the message lists every problem by property path.
        """
        this = _declared(name, args)
        terms = contract(this)
        super().__init__("etcd:index:LocalCluster", name, terms, opts)
        certificates = issue(
            name,
            this.hosts(),
            this.trusts,
            this.validity,
            parent=self,
            protect_authorities=this.protect_authorities,
        )
        rollout = create(self, this, certificates)
        operator = certificates.operator["client"]
        self.cluster_name = pulumi.Output.from_input(name)
        self.endpoints = pulumi.Output.from_input(this.endpoints)
        self.ca_bundle = certificates.bundle("client")
        credential = pulumi.Output.all(cert_pem=operator.certificate_pem, key_pem=operator.key_pem)
        self.client_credential = cast("pulumi.Output[ClientCredential]", pulumi.Output.secret(credential))
        self.members = pulumi.Output.from_input(terms["members"])
        self.channel = pulumi.Output.from_input(dict(this.channel))
        self.context_file = pulumi.Output.from_input(str(this.directory / "context.json"))
        self.generation = rollout.generation
        self.digest = rollout.digest
        self.contract = pulumi.Output.from_input(terms)
        self.register_outputs(
            {
                "clusterName": self.cluster_name,
                "endpoints": self.endpoints,
                "caBundle": self.ca_bundle,
                "clientCredential": self.client_credential.apply(
                    lambda leaf: {"certPem": leaf["cert_pem"], "keyPem": leaf["key_pem"]}
                ),
                "members": self.members,
                "channel": self.channel,
                "contextFile": self.context_file,
                "generation": self.generation,
                "digest": self.digest,
                "contract": self.contract,
            }
        )


def _declared(name: str, args: LocalClusterArgs) -> Declaration:
    try:
        return declare(name, args, find)
    except Invalid as invalid:
        problems = "\n".join(f"  {problem}" for problem in invalid.problems)
        raise pulumi.RunError(f"the LocalCluster {name} cannot be declared like this:\n{problems}") from invalid
