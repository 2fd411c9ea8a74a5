"""Volumes that outlive their claims."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.parameters import InProduction
from etcd_policies.rule import Stake
from etcd_policies.storage import STORAGE_CLASSES, StorageClass, StorageClassRule


@StorageClassRule.declare(
    requires="In production a storage class that the stack declares retains the volumes of an etcd cluster.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set `reclaimPolicy` of the storage class to `Retain`, and on volumes that are there, which keep their own.",
    kinds=STORAGE_CLASSES,
)
def retained_volumes(storage_class: StorageClass, given: InProduction) -> Iterator[Problem]:
    """A StatefulSet's claim goes with it, and where the reclaim policy is `Delete`, the volume with the claim, at once.

    `protect` holds back the engine and nobody else: a StatefulSet or a namespace that somebody deletes by hand takes
    its members' data along. A class that leaves its reclaim policy open has `Delete`.

    A class that the stack does not declare is not judged: what it does is in no contract and in no resource. Where a
    cluster names no class, a class in the stack that is marked as the default is its.
    """
    if storage_class.properties.text("reclaimPolicy") == "Retain":
        return
    if any(given.covers(each.environment) for each in storage_class.clusters):
        yield Problem("reclaimPolicy", "a volume is deleted with its claim, and the data with it", "set it to Retain")
