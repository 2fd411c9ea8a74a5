"""The component `etcd:index:StaticPodCluster`."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from pulumi_etcd.certificates import issue
from pulumi_etcd.component import ClusterComponent
from pulumi_etcd.declaration import declared
from pulumi_etcd.kubernetes.objects import plugin_version
from pulumi_etcd.placing import client_credential, credential_to_wire, operator_credential
from pulumi_etcd.shared import ClientCredential
from pulumi_etcd.static_pods import kubeadm
from pulumi_etcd.static_pods.arguments import StaticPodClusterArgs
from pulumi_etcd.static_pods.declaration import contract, declare
from pulumi_etcd.static_pods.resources import create


class StaticPodCluster(ClusterComponent):
    """An etcd cluster of static pods on chosen nodes of a Kubernetes cluster, with mutual TLS throughout."""

    cluster_name: pulumi.Output[str]
    """The cluster's name."""
    endpoints: pulumi.Output[Sequence[str]]
    """URLs of the members that clients use, wherever their nodes are reached."""
    service: pulumi.Output[str]
    """URL of the Service for clients, which leads to a member that is ready; empty where agents are static pods, which
    have none."""
    ca_bundle: pulumi.Output[str]
    """Certificates that clients believe, PEM."""
    client_credential: pulumi.Output[ClientCredential]
    """An operator's client certificate and key; secret."""
    api_server_credential: pulumi.Output[ClientCredential]
    """The client certificate and key of a Kubernetes API server that keeps its objects in the cluster; secret."""
    kubeadm_configuration: pulumi.Output[str]
    """What makes kubeadm use the cluster as external etcd: a part of its `ClusterConfiguration`, YAML."""
    members: pulumi.Output[Mapping[str, Mapping[str, Any]]]
    """By slot: the zone that the member stands in, its URLs, and the space for it."""
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

    def __init__(self, name: str, args: StaticPodClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare a cluster.

        Args:
            name: the resource's and the cluster's name.
            args: what it is to be.
            opts: the component's options.

        Raises:
            pulumi.RunError: the arguments cannot be used, and the message lists every problem by property path; or
                the extra `kubernetes` is not installed.
        """
        this = declared("StaticPodCluster", name, lambda: declare(name, args))
        if not this.pods.agents_are_static:
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
            clients=(kubeadm.CLIENT,),
        )
        rollout = create(self, this, certificates)
        self.cluster_name = pulumi.Output.from_input(name)
        self.endpoints = pulumi.Output.from_input(this.endpoints)
        self.service = pulumi.Output.from_input(this.service)
        self.ca_bundle = certificates.bundle("client")
        self.client_credential = operator_credential(certificates)
        self.api_server_credential = client_credential(certificates.clients[kubeadm.CLIENT])
        self.kubeadm_configuration = pulumi.Output.from_input(kubeadm.configuration(this.endpoints))
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
                "apiServerCredential": credential_to_wire(self.api_server_credential),
                "kubeadmConfiguration": self.kubeadm_configuration,
                "members": self.members,
                "channel": self.channel,
                "contextFile": self.context_file,
                "generation": self.generation,
                "digest": self.digest,
                "contract": self.contract,
            }
        )
