"""Data at risk: volumes, channels, authorities, keys and secrets that go."""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.review.clusters import Case
from etcd_ops.review.disturbances import Loss, losses
from etcd_ops.review.kinds import HARMLESS, Stake, kind_of
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import UNKNOWN, changed_paths, listed

_SUBJECTS = {Stake.CHANNEL: Subject.CHANNEL, Stake.SECRET: Subject.CERTIFICATES}
_ELSEWHERE = frozenset({Stake.NETWORK, Stake.REACH, Stake.SIGHT, Stake.SAFEGUARD})
"""Judged by `surroundings`."""
_WORD = {Change.REPLACE: "replaced", Change.DELETE: "deleted", Change.UNKNOWN: "changed in a way that is not known"}
_KEY_OF = "kmsKeyId"
"""The input of volumes and secrets that names their key."""
_KEEP = {
    Stake.KEY: "keep it declared: what it has encrypted stays encrypted with it, whatever is declared from now on",
    Stake.CHANNEL: "keep the channel that it has: agents know no other",
}
REPAIR = "add another slot and drop this one: agents move the member through the safety gate"
RETIRE = "see docs/operations.md, “Protect and retire”, if the cluster is to go"


def data(case: Case) -> Iterator[Finding]:
    """What is deleted or replaced, and what is lost with it."""
    for loss in losses(case):
        if loss.kind.stake not in _ELSEWHERE:
            yield _finding(case, loss)
    yield from _protected(case)
    yield from _unknown_types(case)


def _finding(case: Case, loss: Loss) -> Finding:
    subject = _SUBJECTS.get(loss.kind.stake, Subject.DATA)
    level, text, remedy = _judged(case, loss)
    return Finding(
        level=level, subject=subject, code=f"{_code(loss)}-{loss.step.change.value}",
        where=loss.slot or loss.step.name, text=text, remedy=remedy,
    )  # fmt: skip


def _code(loss: Loss) -> str:
    return "every-copy" if loss.kind.stake is Stake.EVERY_COPY else loss.kind.stake.value


def _judged(case: Case, loss: Loss) -> tuple[Level, str, str]:
    step, what = loss.step, f"{loss.kind.what} ({loss.step.type} {loss.step.name})"
    if loss.kind.made_anew and step.change is Change.REPLACE:
        return Level.FINE, f"{what} is made anew, and the old one goes afterwards", ""
    happens = f"{what} is {_WORD[step.change]}"
    if loss.kept:
        return Level.ATTENTION, f"{happens} in the stack; what it holds stays where it is", ""
    if case.is_retired:
        return Level.REFUSE, f"{happens}, with the cluster", RETIRE
    if loss.slot in case.dropped and step.change is Change.DELETE:
        level = Level.ATTENTION if loss.kind.stake is Stake.DATA else Level.FINE
        return level, f"{happens} for good, after the member has left the cluster", ""
    if loss.kind.stake is Stake.ZONE and step.change is Change.DELETE and not _zone_stays(case, step):
        return Level.ATTENTION, f"{happens}: no declared member stands in it any more", ""
    if loss.kind.stake is Stake.KEY and (readers := tuple(_encrypted(case, step))):
        happens = f"{happens}; what stays encrypted with it: {listed(readers)}"
    order = ", before its successor is there" if step.deleted_first else ""
    repair = REPAIR if loss.slot and loss.kind.stake in (Stake.DATA, Stake.MEMBER) else _KEEP.get(loss.kind.stake, "")
    return Level.REFUSE, f"{happens}{order}; nothing asks the safety gate", repair


def _encrypted(case: Case, key: Step) -> Iterator[str]:
    """Names of what stays, and whose key this one was and remains: the stack may name another one from now on."""
    for step in case.steps:
        if step.is_going or step.old is None or key.urn not in step.old.sources.get(_KEY_OF, ()):
            continue
        if step.new is None or step.new.inputs.get(_KEY_OF) in (step.old.inputs.get(_KEY_OF), UNKNOWN):
            yield step.name


def _zone_stays(case: Case, step: Step) -> bool:
    zone = step.state.inputs.get("zone")
    return case.new is None or any(member.zone == zone for member in case.new.members.values())


def _protected(case: Case) -> Iterator[Finding]:
    for step in case.steps:
        if step.is_going and step.old is not None and step.old.protect:
            yield Finding(
                level=Level.REFUSE, subject=Subject.DATA, code="protected", where=step.name,
                text=f"{step.type} {step.name} is protected: the engine refuses to have it {_WORD[step.change]}",
                remedy="take the protection back in an `up` of its own, if it is to go",
            )  # fmt: skip


def _unknown_types(case: Case) -> Iterator[Finding]:
    for step in case.steps:
        if kind_of(step.type) is not None or step.type in HARMLESS or step.urn == case.urn:
            continue
        if step.is_going:
            text = f"is {_WORD[step.change]}: what is lost with it is not known"
            yield _of_unknown_type(step, Level.ATTENTION, text)
        elif step.change is Change.UPDATE:
            yield _of_unknown_type(step, Level.FINE, f"changes ({_changed(step)}): what that means is not known")


def _changed(step: Step) -> str:
    """Without values: nobody knows which of them nobody is to read."""
    if step.old is None or step.new is None:
        return "something"
    return listed(changed_paths(step.old.inputs, step.new.inputs)) or "something"


def _of_unknown_type(step: Step, level: Level, happens: str) -> Finding:
    return Finding(
        level=level, subject=Subject.DATA, code="unknown-type", where=step.name,
        text=f"{step.type} {step.name} {happens}",
    )  # fmt: skip
