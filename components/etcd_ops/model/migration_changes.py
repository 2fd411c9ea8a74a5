"""Which migration may be declared after which."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.model.observed import Observed
from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import ClusterSpec, MigrationPhase, MigrationSpec
from etcd_ops.model.trust_changes import trust_changed
from etcd_ops.model.versions import Version

PATH = "migration"


def migration_problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """Changes of a declared migration that leave members behind, and changes that must wait until it is over."""
    old, new = before.migration, after.migration
    if old is None and new is None:
        return
    if old is None:
        yield from _begun(observed)
    elif new is None:
        yield from _ended(old, observed)
    else:
        yield from _changed(old, new, observed)
    if new is not None and new.phase is MigrationPhase.LEAVE:
        yield from _left(new, observed)
    yield from _joint(before, after)


def _begun(observed: Observed) -> Iterator[Problem]:
    if observed.joined is False:
        reason = "the cluster was formed by its declared members, and is nobody else's"
        yield Problem(PATH, reason, "declare another cluster, which joins the origin's")


def _ended(old: MigrationSpec, observed: Observed) -> Iterator[Problem]:
    if old.phase is MigrationPhase.LEAVE:
        reason = "its members leave the cluster, and were never one of their own"
        yield Problem(PATH, reason, "destroy it once they left, or declare phase join again")
    elif observed.origin:
        reason = f"{', '.join(sorted(observed.origin))} of the origin are members still"
        yield Problem(PATH, reason, "declare phase take-over, with nobody to keep, and run `up`")


def _changed(old: MigrationSpec, new: MigrationSpec, observed: Observed) -> Iterator[Problem]:
    for name in sorted(old.members.keys() & new.members.keys()):
        if old.members[name].peer_url != new.members[name].peer_url and name in (observed.origin or ()):
            reason = f"the member is listed with {old.members[name].peer_url}"
            yield Problem(f"{PATH}.members.{name}.peerUrl", reason, "keep it for as long as it is a member")
    for name in sorted((old.members.keys() - new.members.keys()) & (observed.origin or frozenset())):
        reason = "it is a member still, and nobody would know whose"
        yield Problem(f"{PATH}.members.{name}", reason, "keep it until an `up` has removed it")


def _left(new: MigrationSpec, observed: Observed) -> Iterator[Problem]:
    if observed.origin is None:
        return
    if missing := sorted(new.members.keys() - observed.origin):
        reason = f"{', '.join(missing)} of the origin are not its voters any more"
        yield Problem(f"{PATH}.phase", reason, "bring them back with phase return, and run `up`, before leaving")


def _joint(before: ClusterSpec, after: ClusterSpec) -> Iterator[Problem]:
    """The origin's members have no agent that could follow another change."""
    remedy = "finish the migration first, and take it out of the declaration"
    if before.migration is None:
        remedy = "declare one change, run `up`, then declare the other"
    line = Version.parse(before.etcd.version).line != Version.parse(after.etcd.version).line
    for changed, path, what in (
        (before.incarnation != after.incarnation, "incarnation", "the incarnation"),
        (trust_changed(before, after), "trust", "the trust"),
        (line, "etcd.version", "the minor version of etcd"),
    ):
        if changed:
            yield Problem(path, f"{what} does not change while the cluster is migrated", remedy)
