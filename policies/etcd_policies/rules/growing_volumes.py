"""Volumes that can be enlarged."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.rule import Stake
from etcd_policies.storage import STORAGE_CLASSES, StorageClass, StorageClassRule


@StorageClassRule.declare(
    requires="A storage class that the stack declares lets the volumes of an etcd cluster grow.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps="Set `allowVolumeExpansion` of the storage class to true; a class that is there can be changed so.",
    kinds=STORAGE_CLASSES,
)
def growing_volumes(storage_class: StorageClass) -> Iterator[Problem]:
    """Etcd stops when its disk is full, and a volume that cannot grow is only made larger by exchanging its member.

    A class that leaves it open does not let volumes grow. Whether the class's driver can enlarge them is for the driver
    to say. A class that the stack does not declare is not judged; the preview of a larger `volumeBytes` asks for it.
    """
    if storage_class.properties.flag("allowVolumeExpansion") is not True:
        yield Problem("allowVolumeExpansion", "volumes of this class cannot be enlarged", "set it to true")
