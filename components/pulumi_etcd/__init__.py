"""Pulumi components that declare a highly reliable etcd cluster."""

from pulumi_etcd.ec2.arguments import Ec2ClusterArgs
from pulumi_etcd.ec2.cluster import Ec2Cluster
from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.local.cluster import LocalCluster
from pulumi_etcd.rollout import Rollout, RolloutArgs
from pulumi_etcd.stateful_sets.arguments import StatefulSetClusterArgs
from pulumi_etcd.stateful_sets.cluster import StatefulSetCluster
from pulumi_etcd.static_pods.arguments import StaticPodClusterArgs
from pulumi_etcd.static_pods.cluster import StaticPodCluster

__all__ = [
    "Ec2Cluster",
    "Ec2ClusterArgs",
    "LocalCluster",
    "LocalClusterArgs",
    "Rollout",
    "RolloutArgs",
    "StatefulSetCluster",
    "StatefulSetClusterArgs",
    "StaticPodCluster",
    "StaticPodClusterArgs",
]
