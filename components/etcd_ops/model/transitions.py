"""Which declaration may follow which: judged when a stack declares, and again by every agent."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.model.membership_changes import (
    address_problems,
    members_changed,
    membership_problems,
)
from etcd_ops.model.migration_changes import migration_problems
from etcd_ops.model.observed import Observed
from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.trust_changes import (
    RECOVERED,
    changed_authorities,
    incarnation_problems,
    rotation_problems,
    trust_changed,
    trust_of,
)
from etcd_ops.model.versions import Edge, EdgeKind, Running, Version, edge

__all__ = ["Observed", "refusals"]

UNKNOWN = Observed()
"""Nothing is known of the cluster."""


def refusals(
    before: ClusterSpec | None, after: ClusterSpec, observed: Observed = UNKNOWN, *, direct: bool = True
) -> tuple[Problem, ...]:
    """Why `after` may not be declared where `before` is; empty where it may.

    Both are valid by themselves (`validation.problems`). What is unknown refuses nothing: agents judge again, with
    what they observe, before every step.

    Args:
        before: what is declared now; None where nothing is.
        after: what is to be declared.
        observed: the live cluster.
        direct: whether `after` replaced `before` itself. False for an agent that missed the documents between them,
            or was not there yet: they were judged when they were written, and only what no sequence of changes leads
            to from the cluster as it is now is refused then.
    """
    if before is None:
        return tuple(_first_problems(after, observed) if direct else _lasting_problems(before, after, observed))
    if before == after:
        return ()
    if before.name != after.name:
        return (Problem("name", f"a cluster keeps its name, {before.name}", "destroy it first, or keep the name"),)
    if observed.formed is False:
        return ()
    return tuple(_problems(before, after, observed) if direct else _lasting_problems(before, after, observed))


def _first_problems(after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    if observed.incarnation is not None and after.incarnation != observed.incarnation:
        reason = f"the cluster's data is of incarnation {observed.incarnation}"
        yield Problem("incarnation", reason, f"declare {observed.incarnation}")
    if observed.formed is not False:
        yield from address_problems(after, observed)
    found = edge(observed.running, Version.parse(after.etcd.version))
    if found.kind is EdgeKind.REFUSED:
        yield Problem("etcd.version", found.reason, found.remedy)


def _lasting_problems(before: ClusterSpec | None, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """By the cluster as it is.

    Not by its members: while some are exchanged, others may lose their disks. Not by its trust: a cluster that was
    retired and created again may have all of it new. Not by its version: that is judged before every start with another
    program, and what else the document asks for, such as a recovery, must not wait for it.
    """
    made = observed.incarnation
    if made is not None and after.incarnation not in (made, made + 1):
        reason = f"the cluster's data is of incarnation {made}"
        yield Problem("incarnation", reason, f"declare {made}, or {made + 1} to recover it")
    elif made is None and before is not None and after.incarnation < before.incarnation:
        yield _lowered(before)
    yield from address_problems(after, observed)


def _problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    yield from membership_problems(before, after, observed)
    yield from migration_problems(before, after, observed)
    yield from changed_authorities(before, after)
    if before.incarnation == after.incarnation:
        yield from rotation_problems(before, after, observed)
    else:
        yield from _incarnation_step(before, after, observed)
        yield from incarnation_problems(before, after, observed)
    yield from _version_problems(before, after, observed)
    yield from _setting_problems(before, after, observed)
    yield from _joint_problems(before, after)
    yield from _leaving_problems(before, after, observed)


def _lowered(before: ClusterSpec) -> Problem:
    return Problem("incarnation", f"incarnation {before.incarnation} was declared already", "never lower it")


def _incarnation_step(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """An incarnation is declared one above the one that exists, while there is no quorum; or taken back, unmade."""
    made = observed.incarnation
    if after.incarnation < before.incarnation:
        if made != after.incarnation:
            yield _lowered(before)
        return
    if made == after.incarnation:
        return  # what is declared is from before it
    if observed.forming:
        reason = "the cluster is not formed yet: there is nothing to recover"
        remedy = f"declare {before.incarnation}; or destroy the cluster, and create it again"
        yield Problem("incarnation", reason, remedy)
    base = before.incarnation if made is None else min(made, before.incarnation)
    if after.incarnation != base + 1:
        reason = f"incarnation {base} is the one that exists, and the next is {base + 1}"
        yield Problem("incarnation", reason, f"declare {base + 1}")
    if observed.quorum:
        reason = "the cluster has a quorum: nothing is lost that a new incarnation would bring back"
        yield Problem("incarnation", reason, "leave it; to renew the trust, rotate its generations")


def _version_problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    if before.etcd.version == after.etcd.version:
        return
    found = _edge(before, after, observed)
    if found.kind is EdgeKind.REFUSED:
        yield Problem("etcd.version", found.reason, found.remedy)
    elif found.kind is EdgeKind.UPGRADE and observed.quorum is False:
        remedy = "bring members back first, with the version they had"
        yield Problem("etcd.version", "a cluster without a quorum cannot agree on a newer version", remedy)


def _edge(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Edge:
    """By what runs; where that is unknown, as if what is declared did."""
    target = Version.parse(after.etcd.version)
    found = edge(observed.running, target)
    if found.kind is not EdgeKind.UNKNOWN:
        return found
    declared = Version.parse(before.etcd.version)
    return edge(Running(declared.line, (declared,)), target)


def _setting_problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    quota, size = after.etcd.quota_backend_bytes, observed.database_bytes
    if quota < before.etcd.quota_backend_bytes and size is not None and size >= quota:
        reason = f"a member's database has {size} bytes: it would refuse writes at once"
        yield Problem("etcd.quotaBackendBytes", reason, "compact and defragment first, or keep the quota")
    learners = observed.learners
    if learners is not None and after.etcd.max_learners < min(learners, before.etcd.max_learners):
        reason = f"there are {learners} learners: etcd would not start"
        yield Problem("etcd.maxLearners", reason, "promote or remove them first")


def _joint_problems(before: ClusterSpec, after: ClusterSpec) -> Iterator[Problem]:
    """Changes that must be complete, or taken back, each before the other begins.

    A mixed-version cluster, a half-believed authority and a half-done membership each have one way back; together
    they have none.
    """
    line = Version.parse(before.etcd.version).line != Version.parse(after.etcd.version).line
    members, trust = members_changed(before, after), trust_changed(before, after)
    rotation = "the incarnation" if before.incarnation != after.incarnation else "the trust"
    if members and line:
        yield _joint("members", "the minor version of etcd")
    if members and trust:
        yield _joint("members", rotation)
    if line and trust:
        yield _joint("etcd.version", rotation)


def _leaving_problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """Members of dropped slots are not restarted any more: they keep the trust and the version they have."""
    leaving = sorted((observed.members or frozenset()) - set(after.members))
    if not leaving or before.incarnation != after.incarnation:
        return
    reason = f"{', '.join(leaving)} are not declared any more, and still members: they would keep what they have"
    remedy = "wait until an `up` has removed them"
    if _moves_on(before, after):
        yield Problem("trust", reason, remedy)
    declared = Version.parse(before.etcd.version)
    # Where the declared version cannot be reached, newcomers cannot join with it, and the others cannot leave.
    reachable = edge(observed.running, declared).kind is not EdgeKind.REFUSED
    if declared.line != Version.parse(after.etcd.version).line and reachable:
        yield Problem("etcd.version", reason, remedy)


def _moves_on(before: ClusterSpec, after: ClusterSpec) -> bool:
    """Whether a rotation makes a step after which some trust is needed, or is missing, that was not before."""
    for domain in RECOVERED:
        old, new = trust_of(before, domain), trust_of(after, domain)
        if new.issuer > old.issuer or set(old.authorities) - set(new.authorities):
            return True
    return False


def _joint(path: str, other: str) -> Problem:
    return Problem(
        path, f"may not change together with {other}", "declare one change, run `up`, then declare the other"
    )
