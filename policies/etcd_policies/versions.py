"""The version of etcd that a contract declares."""

from __future__ import annotations

from etcd_ops.model.versions import RELEASES, Version
from etcd_policies.contract import Cluster, Unreadable


def declared_version(cluster: Cluster) -> Version:
    """The declared version.

    Raises:
        Unreadable: it is not a release.
    """
    try:
        return Version.parse(cluster.version)
    except ValueError as error:
        raise Unreadable("etcd.version", f"is not a release such as {RELEASES[-1]}") from error
