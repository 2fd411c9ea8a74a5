"""A LocalCluster under mocks, without looking for etcd's program."""

from __future__ import annotations

from typing import Any, cast

import pytest

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary
from pulumi_etcd import LocalCluster, LocalClusterArgs
from pulumi_etcd.local import cluster
from tests.components.recorder import Recording, record

ARGS: dict[str, Any] = {"directory": "/var/tmp/etcd-test"}
PROGRAM = Binary(source="/opt/etcd/etcd", sha256="e" * 64)


def find(version: str, path: str | None) -> Binary:
    """Stands in for the search of etcd's program: every version but one is there."""
    if version == "3.6.99":
        raise Invalid([Problem("etcd.version", "etcd 3.6.99 is not pinned here")])
    return PROGRAM if path is None else PROGRAM.model_copy(update={"source": path})


def declared(
    patch: pytest.MonkeyPatch, args: dict[str, Any] | None = None, *, name: str = "demo", preview: bool = False
) -> Recording:
    """What a program with this one cluster registers."""
    patch.setattr(cluster, "find", find)
    wanted = cast("LocalClusterArgs", ARGS | (args or {}))
    return record(lambda: LocalCluster(name, wanted), preview=preview)
