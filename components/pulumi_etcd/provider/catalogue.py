"""Everything that the provider serves: a new component or resource is one more line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi_etcd.ec2.cluster import Ec2Cluster
from pulumi_etcd.ec2.member import Ec2Member
from pulumi_etcd.local.cluster import LocalCluster
from pulumi_etcd.local.context import LocalContext
from pulumi_etcd.local.member import LocalMember
from pulumi_etcd.local.store import LocalStore
from pulumi_etcd.local.zone import LocalZone
from pulumi_etcd.provider.ec2_members import Ec2Members
from pulumi_etcd.provider.local_contexts import LocalContexts
from pulumi_etcd.provider.local_members import LocalMembers
from pulumi_etcd.provider.local_stores import LocalStores
from pulumi_etcd.provider.local_zones import LocalZones
from pulumi_etcd.provider.resource import CustomResource
from pulumi_etcd.provider.rollouts import Rollouts
from pulumi_etcd.provider.stateful_set_members import StatefulSetMembers
from pulumi_etcd.provider.static_pod_installations import StaticPodInstallations
from pulumi_etcd.provider.static_pod_members import StaticPodMembers
from pulumi_etcd.rollout import Rollout
from pulumi_etcd.stateful_sets.cluster import StatefulSetCluster
from pulumi_etcd.stateful_sets.member import StatefulSetMember
from pulumi_etcd.static_pods.cluster import StaticPodCluster
from pulumi_etcd.static_pods.installation import StaticPodInstallation
from pulumi_etcd.static_pods.member import StaticPodMember

COMPONENTS: tuple[type[Any], ...] = (LocalCluster, StatefulSetCluster, StaticPodCluster, Ec2Cluster)
CUSTOM: tuple[tuple[type[Any], Callable[[], CustomResource]], ...] = (
    (Rollout, Rollouts),
    (LocalStore, LocalStores),
    (LocalZone, LocalZones),
    (LocalMember, LocalMembers),
    (LocalContext, LocalContexts),
    (StatefulSetMember, StatefulSetMembers),
    (StaticPodMember, StaticPodMembers),
    (StaticPodInstallation, StaticPodInstallations),
    (Ec2Member, Ec2Members),
)
"""Each resource's class, which says its schema, and what implements it."""
