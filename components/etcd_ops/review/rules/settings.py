"""Settings of etcd and of the cluster that change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etcd_ops.review.clusters import Case
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import changed_paths

_ELSEWHERE = ("version", "binary")
"""Judged by `version`."""
_TIMING = ("heartbeatIntervalMs", "electionTimeoutMs")


def settings(case: Case) -> Iterator[Finding]:
    """What etcd is told differently, property by property."""
    if case.old is None or case.new is None:
        return
    old, new = case.old.etcd.to_wire(), case.new.etcd.to_wire()
    for path in changed_paths(_own(old), _own(new)):
        yield _finding(path, old, new)
    if case.old.environment != case.new.environment:
        text = f"{case.old.environment!r} becomes {case.new.environment!r}: policies hold it to other rules"
        yield Finding(
            level=Level.ATTENTION, subject=Subject.SETTINGS, code="environment", where="environment", text=text
        )  # fmt: skip


def _own(etcd: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in etcd.items() if name not in _ELSEWHERE}


def _finding(path: str, old: Mapping[str, object], new: Mapping[str, object]) -> Finding:
    name = path.partition(".")[0]
    before, after = _value(old, path), _value(new, path)
    level, why = Level.FINE, ""
    if name == "quotaBackendBytes" and is_lower(after, before):
        level, why = Level.ATTENTION, "; a database that is larger refuses writes, and its size is not in a preview"
    if name in _TIMING:
        level, why = Level.ATTENTION, "; members disagree about it until the last one has restarted"
    text = f"{before} becomes {after}{why}"
    return Finding(level=level, subject=Subject.SETTINGS, code="setting", where=f"etcd.{path}", text=text)


def is_lower(one: object, other: object) -> bool:
    """Whether both are numbers, and the first is lower."""
    return isinstance(one, int | float) and isinstance(other, int | float) and one < other


def _value(etcd: Mapping[str, object], path: str) -> object:
    value: object = etcd
    for name in path.split("."):
        value = value.get(name, "nothing") if isinstance(value, Mapping) else "nothing"
    return value
