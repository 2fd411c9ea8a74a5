"""Clusters beside each other in one namespace of a real API server, with all of their objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_etcd.kubernetes.manifests import Manifest
from tests.components import stateful_sets, static_pods
from tests.components.accounts import Account
from tests.components.kubernetes_objects import encoded, path
from tests.servers.kubernetes import KubernetesServer

NAMESPACE = "neighbours"
SETS, PODS, REMOTE = "orders", "shop", "vault"
"""A cluster of StatefulSets, one of static pods, and another of StatefulSets whose channel is in a bucket."""
STRANGER = "stranger"
"""A service account that nobody gave anything."""


@dataclass(frozen=True)
class Neighbours:
    """The clusters, as they were put."""

    server: KubernetesServer
    objects: Mapping[str, list[Manifest]]
    """By cluster."""
    folder: Path
    accounts: dict[str, Account] = field(default_factory=dict)

    @classmethod
    def put(cls, server: KubernetesServer, folder: Path) -> Neighbours:
        """Make the namespace, and everything in it."""
        where: dict[str, Any] = {"namespace": NAMESPACE, "namespace_uid": server.make_namespace(NAMESPACE)}
        bucket = {"kind": "s3", "bucket": "vault", "region": "eu-west-1"}
        objects = {
            SETS: stateful_sets.objects(stateful_sets.declaration(SETS, **where)),
            PODS: static_pods.objects(static_pods.declaration(PODS, **where)),
            REMOTE: stateful_sets.objects(stateful_sets.declaration(REMOTE, size=1, channel=bucket, **where)),
        }
        metadata = {"name": STRANGER, "namespace": NAMESPACE}
        stranger = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        for each in [stranger, *(each for found in objects.values() for each in found)]:
            server.request("POST", path(each), encoded(each))
        return cls(server, objects, folder)

    def account(self, name: str) -> Account:
        """The service account of a member's agent, or another one."""
        if name not in self.accounts:
            self.accounts[name] = Account.of(self.server, NAMESPACE, name, self.folder / name)
        return self.accounts[name]

    def one(self, cluster: str, kind: str, name: str) -> Manifest:
        """An object of a cluster."""
        return stateful_sets.of_kind(self.objects[cluster], kind)[name]
