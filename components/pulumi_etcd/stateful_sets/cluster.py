"""The component `etcd:index:StatefulSetCluster`."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from pulumi_etcd.certificates import issue
from pulumi_etcd.component import ClusterComponent
from pulumi_etcd.declaration import declared
from pulumi_etcd.kubernetes.objects import plugin_version
from pulumi_etcd.placing import credential_to_wire, operator_credential
from pulumi_etcd.shared import ClientCredential
from pulumi_etcd.stateful_sets.arguments import StatefulSetClusterArgs
from pulumi_etcd.stateful_sets.declaration import contract, declare
from pulumi_etcd.stateful_sets.resources import create


class StatefulSetCluster(ClusterComponent):
    """An etcd cluster in a Kubernetes namespace, a StatefulSet per member in its zone, with mutual TLS throughout."""

    cluster_name: pulumi.Output[str]
    """The cluster's name."""
    endpoints: pulumi.Output[Sequence[str]]
    """URLs of the members that clients use, in pods of the Kubernetes cluster."""
    service: pulumi.Output[str]
    """URL of the Service for clients, which leads to a member that is ready."""
    ca_bundle: pulumi.Output[str]
    """Certificates that clients believe, PEM."""
    client_credential: pulumi.Output[ClientCredential]
    """An operator's client certificate and key; secret."""
    members: pulumi.Output[Mapping[str, Mapping[str, Any]]]
    """By slot: the zone that the member stands in, its URLs, and the size of its volume."""
    channel: pulumi.Output[Mapping[str, str]]
    """Where declaration and statuses are exchanged."""
    context_file: pulumi.Output[str]
    """Path of the file from which `etcd-ops` knows the cluster; empty where none is written."""
    generation: pulumi.Output[int]
    """Generation of the desired document that every member has applied."""
    digest: pulumi.Output[str]
    """SHA-256 of that document."""
    contract: pulumi.Output[Mapping[str, Any]]
    """What was declared, with every default: what policies judge."""

    def __init__(self, name: str, args: StatefulSetClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a cluster.

        Args:
            name: the resource's and the cluster's name.
            args: what it is to be.
            opts: the component's options.

        Raises:
            pulumi.RunError: the arguments cannot be used, and the message lists every problem by property path; or
                the extra `kubernetes` is not installed.
        """
        this = declared("StatefulSetCluster", name, lambda: declare(name, args))
        plugin_version()
        terms = contract(this)
        super().__init__(name, terms, opts)
        certificates = issue(
            name,
            this.hosts(),
            this.trusts,
            this.validity,
            parent=self,
            protect_authorities=this.protect_authorities,
            services=this.names.services,
        )
        rollout = create(self, this, certificates)
        self.cluster_name = pulumi.Output.from_input(name)
        self.endpoints = pulumi.Output.from_input(this.endpoints)
        self.service = pulumi.Output.from_input(this.service)
        self.ca_bundle = certificates.bundle("client")
        self.client_credential = operator_credential(certificates)
        self.members = pulumi.Output.from_input(terms["members"])
        self.channel = pulumi.Output.from_input(dict(this.channel))
        self.context_file = pulumi.Output.from_input(this.context_file)
        self.generation = rollout.generation
        self.digest = rollout.digest
        self.contract = pulumi.Output.from_input(terms)
        self.register_outputs(
            {
                "clusterName": self.cluster_name,
                "endpoints": self.endpoints,
                "service": self.service,
                "caBundle": self.ca_bundle,
                "clientCredential": credential_to_wire(self.client_credential),
                "members": self.members,
                "channel": self.channel,
                "contextFile": self.context_file,
                "generation": self.generation,
                "digest": self.digest,
                "contract": self.contract,
            }
        )
