"""What the engine itself does to members, whenever their resources' turn comes: nothing asks the safety gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etcd_ops.review.clusters import Case
from etcd_ops.review.kinds import Kind, Stake, kind_of
from etcd_ops.review.preview import Change, State, Step
from etcd_ops.review.values import mapping_of, number_of, text_of

DISTURBING = frozenset({Stake.DATA, Stake.EVERY_COPY, Stake.MEMBER, Stake.ZONE})
"""What takes members down when it goes."""
GROUP = "aws:autoscaling/group:Group"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
_SIZES = ("desiredCapacity", "maxSize")


@dataclass(frozen=True, slots=True)
class Loss:
    """A resource that goes, and what goes with it."""

    step: Step
    kind: Kind
    slot: str
    """The member's; empty where it is not one member's."""
    kept: bool
    """Whether what it held stays where it is."""


def losses(case: Case) -> Iterator[Loss]:
    """Resources that are deleted or replaced, of which a loss is known."""
    for step in case.steps:
        kind = kind_of(step.type)
        if step.is_going and kind is not None:
            yield Loss(step, kind, case.slot_of(step), _is_kept(step, kind))


def _is_kept(step: Step, kind: Kind) -> bool:
    """By what the engine remembers: a declaration that keeps it from now on has to be applied before."""
    state = step.old
    if state is None:
        return False
    if step.type == STATEFUL_SET:
        return state.retain or _keeps_claims(state)
    return state.retain or (bool(kind.kept_by) and state.inputs.get(kind.kept_by) is True)


def _keeps_claims(state: State) -> bool:
    spec = mapping_of(state.inputs.get("spec"))
    policy = mapping_of(spec.get("persistentVolumeClaimRetentionPolicy"))
    return bool(policy.get("whenDeleted", "Retain") == "Retain")


def disturbed(case: Case) -> frozenset[str]:
    """Members that the engine takes down while they are declared: all of them, where it cannot be told which.

    A member whose slot was dropped left the cluster before its resources go, and is not counted.
    """
    if case.is_new or case.old is None:
        return frozenset()
    found = set[str]()
    for loss in losses(case):
        if loss.kind.stake in DISTURBING:
            found |= members_of(case, loss)
    found |= {case.slot_of(step) or step.name for step in case.steps if is_emptied(step)}
    stay = frozenset(case.old.members) if case.is_retired else case.staying
    return frozenset(found & stay if found <= case.slots else found - case.dropped)


def members_of(case: Case, loss: Loss) -> set[str]:
    """Slots of the declared members that a loss takes down; the resource's name where it cannot be told which."""
    assert case.old is not None
    if loss.kind.stake is Stake.EVERY_COPY:
        return set(case.old.members)
    if loss.kind.stake is Stake.ZONE:
        return _of_zone(case, loss.step)
    return {loss.slot or loss.step.name}


def _of_zone(case: Case, step: Step) -> set[str]:
    assert case.old is not None
    zone = text_of(step.state.inputs.get("zone"))
    return {slot for slot, member in case.old.members.items() if member.zone == zone} or {step.name}


def is_emptied(step: Step) -> bool:
    """Whether a group is told to have no instance any more, or a StatefulSet no pod."""
    if step.change is not Change.UPDATE or step.new is None:
        return False
    if step.type == STATEFUL_SET:
        return number_of(mapping_of(step.new.inputs.get("spec")).get("replicas")) == 0
    return step.type == GROUP and any(
        number_of(step.new.inputs.get(size)) == 0 for size in _SIZES if size in step.new.inputs and size != "minSize"
    )
