"""Which version of etcd follows which."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.model.versions import LINES, EdgeKind, Running, Version, below_safe, edge
from etcd_ops.review.clusters import Case
from etcd_ops.review.result import Finding, Level, Subject


def version(case: Case) -> Iterator[Finding]:
    """Upgrades, downgrades, and releases that are not advised. What may not follow is told by `transition`."""
    if case.new is None:
        return
    after = Version.parse(case.new.etcd.version)
    before = Version.parse(case.old.etcd.version) if case.old is not None else None
    if before != after:
        yield from _advice(after)
    if case.old is None or before is None:
        return
    if before != after:
        yield from _step(before, after)
    elif case.old.etcd.binary.sha256 != case.new.etcd.binary.sha256:
        yield _finding(
            Level.ATTENTION, "another-program", f"another program is declared under the same version {after}"
        )


def _advice(after: Version) -> Iterator[Finding]:
    data = LINES.get(after.line)
    if data is None:
        return
    if data.upgrade_only:
        yield _finding(Level.ATTENTION, "upgrade-only", f"etcd {after.line} is only supported to upgrade from")
    if (missed := below_safe(after)) is not None:
        yield _finding(Level.ATTENTION, "unsafe-patch", f"etcd {after}: {missed.reason}")


def _step(before: Version, after: Version) -> Iterator[Finding]:
    kind = edge(Running(before.line, (before,)), after).kind
    if kind is EdgeKind.UPGRADE:
        text = f"etcd {before} becomes {after}: once the cluster version has risen, the way back is a downgrade"
        yield _finding(Level.ATTENTION, "upgrade", text)
    elif kind is EdgeKind.DOWNGRADE:
        text = f"etcd {before} goes back to {after}: etcd is told first, then its data follows, then members restart"
        yield _finding(Level.ATTENTION, "downgrade", text)
    elif kind is EdgeKind.PATCH:
        level = Level.ATTENTION if after < before else Level.FINE
        yield _finding(level, "patch", f"etcd {before} becomes {after}, of the same line")


def _finding(level: Level, code: str, text: str) -> Finding:
    return Finding(level=level, subject=Subject.VERSION, code=code, where="etcd.version", text=text)
