"""Pulumi components that declare a highly reliable etcd cluster."""

from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.local.cluster import LocalCluster
from pulumi_etcd.rollout import Rollout, RolloutArgs

__all__ = ["LocalCluster", "LocalClusterArgs", "Rollout", "RolloutArgs"]
