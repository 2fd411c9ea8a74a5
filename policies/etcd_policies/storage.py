"""The storage classes that a stack declares and its clusters use, and the rules that judge them.

Who uses a class is in the clusters' contracts, and what it does in the class, so these rules are stack policies: they
speak after a preview or an update, and in `pulumi policy analyze`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_policy import PolicyResource

from etcd_ops.model.problems import Problem
from etcd_policies.aws.properties import Properties
from etcd_policies.contract import STATEFUL_SETS, Cluster, cluster_of
from etcd_policies.fleet_rule import StackRule, each_resource
from etcd_policies.parameters import Parameters
from etcd_policies.rule import Finding

STORAGE_CLASSES = ("kubernetes:storage.k8s.io/v1:StorageClass", "kubernetes:storage.k8s.io/v1beta1:StorageClass")
"""Types of storage classes: tokens of pulumi-kubernetes 4."""
_DEFAULT = ""
"""Stands for the class of claims that name none."""
_MARKS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
"""Annotations of the default class (Kubernetes, "Storage Classes", default StorageClass)."""


@dataclass(frozen=True, slots=True)
class StorageClass:
    """A storage class, and the clusters that have volumes of it."""

    properties: Properties
    clusters: Sequence[Cluster]


class StorageClassRule(StackRule):
    """Judges every storage class in a stack that a cluster in it uses; others are not a cluster's business."""

    def findings(self, resources: Sequence[PolicyResource], config: Mapping[str, Any]) -> Iterator[Finding]:
        """See `StackRule.findings`."""
        given = self.given(config)
        classes = [each for each in resources if each.resource_type in self.kinds]
        others = [each for each in resources if each.resource_type not in self.kinds] if classes else []
        users: dict[str, list[Cluster]] = defaultdict(list)

        def judge(resource: PolicyResource) -> Iterable[Problem]:
            if resource.resource_type in self.kinds:
                return self._of_one(Properties(resource.props), users, given)
            for name, cluster in _uses(resource):
                users[name].append(cluster)
            return ()

        # Clusters come first: only then is it known who uses a class.
        yield from each_resource([*others, *classes], judge)

    def _of_one(
        self, properties: Properties, users: Mapping[str, Sequence[Cluster]], given: tuple[Parameters, ...]
    ) -> Iterator[Problem]:
        used = [cluster for name in _names(properties) for cluster in users.get(name, ())] if users else []
        if used:
            yield from self.judge(StorageClass(properties, used), *given)


def _uses(resource: PolicyResource) -> list[tuple[str, Cluster]]:
    """The classes of a cluster's volumes, by name; none of what is no cluster on StatefulSets."""
    cluster = cluster_of(resource.resource_type, resource.props)
    if cluster is None or cluster.platform != STATEFUL_SETS:
        return []
    by_slot = cluster.section.section("storageClasses")
    slots = [member.slot for member in cluster.members]
    named = {by_slot.text(slot) for slot in slots if by_slot.has(slot)}
    others = {cluster.section.text("storageClass")} if any(not by_slot.has(slot) for slot in slots) else set()
    return [(name, cluster) for name in sorted(named | others)]


def _names(properties: Properties) -> Iterator[str]:
    """The names that claims call a class by."""
    metadata = properties.section("metadata")
    if name := metadata.text("name"):
        yield name
    annotations = metadata.section("annotations")
    if any(annotations.text(mark) == "true" for mark in _MARKS):
        yield _DEFAULT
