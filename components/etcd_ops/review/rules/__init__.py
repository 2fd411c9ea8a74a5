"""What a reviewer is told of a cluster: one subject per file, each a function from a case to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from etcd_ops.review.clusters import Case
from etcd_ops.review.result import Finding
from etcd_ops.review.rules.brakes import brakes
from etcd_ops.review.rules.cascades import cascades
from etcd_ops.review.rules.certificates import certificates
from etcd_ops.review.rules.channel import channel
from etcd_ops.review.rules.data import data
from etcd_ops.review.rules.exposure import exposure
from etcd_ops.review.rules.growth import growth
from etcd_ops.review.rules.in_place import in_place
from etcd_ops.review.rules.members import members
from etcd_ops.review.rules.quorum import quorum
from etcd_ops.review.rules.settings import settings
from etcd_ops.review.rules.surroundings import surroundings
from etcd_ops.review.rules.transition import transition
from etcd_ops.review.rules.ungated import ungated
from etcd_ops.review.rules.unknown import unknown
from etcd_ops.review.rules.version import version

Rule = Callable[[Case], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    unknown, transition, data, quorum, cascades, members, channel, certificates, version, settings, growth, brakes,
    in_place, ungated, exposure, surroundings,
)  # fmt: skip
"""Every one is asked about every cluster."""
