"""Rules for recovery from a lost quorum: explicit, fenced, and a new incarnation of the data."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.leaves import USES, fetch_program, switch_leaves
from etcd_ops.model.decisions.losing import attest, quorum_lost
from etcd_ops.model.decisions.replacing import bring_program
from etcd_ops.model.decisions.standing import start_intact
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import ProcessFacts, Target, VolumeFacts
from etcd_ops.model.records import FormationRecord, RecoveryOrder
from etcd_ops.model.status import OldEntries, State
from etcd_ops.model.steps import (
    Fence,
    Remember,
    SetDataAside,
    StageLaunch,
    StartMember,
    StopMember,
    WriteFormation,
)
from etcd_ops.model.versions import Version, cannot_open, line_of


def recovery_rule(view: View) -> Decision | None:
    """Carry a declared new incarnation out, once an operator has ordered it; None where none is declared."""
    formation = view.formation
    if formation is None:
        return None
    if view.spec.incarnation < formation.incarnation:
        return hold(
            f"incarnation {formation.incarnation} exists, {view.spec.incarnation} is declared: declare the newer"
        )
    if view.spec.incarnation == formation.incarnation:
        return _after(view, formation)
    order = view.channel.controls.recovery
    if view.forming or order is None or order.incarnation != view.spec.incarnation:
        return _not_ordered(view, formation)
    if order.survivor not in view.spec.members:
        text = f"nobody gives way to {order.survivor}, which is not declared: declare it again, or order another one"
        return hold(text, State.NEEDS_RECOVERY)
    if order.survivor != view.slot:
        return _give_way(view, order)
    return _survive(view, order, formation)


def _not_ordered(view: View, formation: FormationRecord) -> Decision:
    """Members serve on, and start; where that is a quorum, the declaration should be taken back."""
    text = f"incarnation {view.spec.incarnation} is declared"
    if view.forming or view.has_quorum:
        found = "the cluster is not formed yet" if view.forming else "a quorum serves"
        text += f", and {found}: declare {formation.incarnation} again, with the trust it had"
    else:
        text += ": `etcd-ops recover execute` makes it"
    return start_intact(view.facts, text) or hold(text, State.NEEDS_RECOVERY)


def _give_way(view: View, order: RecoveryOrder) -> Decision:
    """Not the survivor: stop, and acknowledge with a fence on the volume."""
    process = view.facts.process
    if view.facts.memory.fence < order.incarnation:
        reason = f"gives way to incarnation {order.incarnation}, made from {order.survivor}"
        return take(Fence(slot=view.slot, incarnation=order.incarnation, reason=reason), State.FENCED)
    if process is not None and process.running:
        return take(StopMember(slot=view.slot, reason="fenced"), State.FENCED)
    return hold(f"fenced: incarnation {order.incarnation} is made from {order.survivor}", State.FENCED)


def _survive(view: View, order: RecoveryOrder, formation: FormationRecord) -> Decision:
    waiting = sorted(slot for slot in formation.started if slot != view.slot and not stopped(view, slot, order))
    if waiting:
        text = f"waits for {', '.join(waiting)} to be proved stopped, or named in `--override`"
        return hold(text, State.NEEDS_RECOVERY)
    volume, target = view.facts.volume, view.facts.target
    if volume is None or not volume.has_data:
        text = "the survivor has no data: order another one, see `etcd-ops recover plan`"
        return hold(text, State.NEEDS_RECOVERY)
    if (refusal := _no_vote(view)) is not None:
        return refusal
    if (reason := _cannot_open(view)) is not None:
        return hold(f"{reason}: declare the version that the survivor has", State.NEEDS_RECOVERY)
    if target is None:
        return _not_ready(view, formation)
    # Before it stops: only while it runs it says that its data has a vote.
    record = formation.model_copy(update={"incarnation": order.incarnation, "survivor": view.slot})
    return take(WriteFormation(record=record, slot=view.slot, reason=f"raise the incarnation to {order.incarnation}"))


def _no_vote(view: View) -> Decision | None:
    """Data without a vote, forced, would be a cluster without a voter; None where it has one, or nobody can tell.

    etcd itself says which once it runs. Where it cannot be started to be asked, or does not answer, what is known is
    what it joined as, which is not enough to give up what may be the last data there is.
    """
    endpoint, process = view.endpoint, view.facts.process
    text = "the survivor's data is not known to have a vote: order another one, see `etcd-ops recover plan`"
    if endpoint is not None:
        return hold(text, State.NEEDS_RECOVERY) if endpoint.learner else None
    if process is None or not view.facts.voteless:
        return None
    if process.removed or (process.running and not view.facts.settle_expired):
        return hold(text, State.NEEDS_RECOVERY)
    return None if process.crashed else start_intact(view.facts, text)


def _not_ready(view: View, formation: FormationRecord) -> Decision:
    """The survivor cannot be rendered yet: what nobody else delivers, it fetches itself."""
    if view.member is None:
        return _another_survivor(formation, "is of a slot that was dropped before")
    missing = ", ".join(view.facts.missing) or "configuration"
    return fetch_program(view) or bring_program(view) or wait(f"not delivered yet: {missing}")


def _cannot_open(view: View) -> str | None:
    """Why the declared program would not start on the survivor's data, as far as that is known; None where it would.

    A new incarnation is a start of its own: it never lowers a version, and no quorum is there to announce it to.
    """
    storage = line_of(view.endpoint.storage_version) if view.endpoint is not None else None
    uncovered = view.facts.volume is not None and view.facts.volume.old_entries is OldEntries.UNCOVERED
    target = Version.parse(view.spec.etcd.version)
    return cannot_open(target, view.running.cluster, storage, v2_entries=uncovered) or None


def stopped(view: View, slot: str, order: RecoveryOrder) -> bool:
    """The agent on the very volume that the slot runs on acknowledged the fence, or an operator vouched for it."""
    if slot in order.overrides:
        return True
    peer, formation = view.channel.statuses.get(slot), view.formation
    if peer is None or formation is None:
        return False
    return peer.status.fence >= order.incarnation and peer.status.volume_id == formation.volume_of(slot)


def _after(view: View, formation: FormationRecord) -> Decision | None:
    """The incarnation exists: the survivor makes it from its data, everybody else starts anew."""
    volume, memory = view.facts.volume, view.facts.memory
    if volume is None or memory.incarnation == formation.incarnation:
        return None
    if not volume.has_data:
        return _without_data(view, formation)
    if memory.incarnation == 0:
        return take(_remember_incarnation(view, _incarnation_of(volume, formation)))
    if formation.incarnation == 1:
        return take(_remember_incarnation(view, 1))
    if formation.survivor == view.slot:
        return _make(view, formation)
    if view.facts.process is not None and view.facts.process.running:
        return take(StopMember(slot=view.slot, reason="its data is of an older incarnation"), State.FENCED)
    if not made(view, formation):
        return hold(f"keeps its data until incarnation {formation.incarnation} serves", State.FENCED)
    label = f"incarnation-{memory.incarnation}"
    return take(SetDataAside(slot=view.slot, label=label, reason="its data is of an older incarnation"))


def _without_data(view: View, formation: FormationRecord) -> Decision | None:
    """There is nobody to join before the incarnation is made; and nobody to make it where its survivor's data is lost.

    The others keep theirs until somebody has made one.
    """
    if view.member is None or made(view, formation):
        return None
    if formation.survivor != view.slot:
        waiting = wait(f"joins once incarnation {formation.incarnation} serves, and its survivor has noted it")
        return replace(quorum_lost(view) or waiting, attestation=attest(view, None))
    return _another_survivor(formation, "was lost before")


def _another_survivor(formation: FormationRecord, what: str) -> Decision:
    """Nothing can be made of the survivor's data any more: only a later incarnation helps."""
    text = f"its data {what} incarnation {formation.incarnation} was made of it"
    remedy = f"declare incarnation {formation.incarnation + 1}, with new trust, and order another survivor"
    return hold(f"{text}: {remedy}", State.NEEDS_RECOVERY)


def _incarnation_of(volume: VolumeFacts, formation: FormationRecord) -> int:
    """Of data that nobody noted it for: what it was first started for, which may be older than what is current."""
    staged = volume.launch.incarnation if volume.launch is not None else formation.incarnation
    return min(staged, formation.incarnation)


def made(view: View, formation: FormationRecord) -> bool:
    """The new incarnation served somewhere, and its survivor noted that it needs not be forced any more.

    Until then data of the old one may still be the best there is, and a member that joined could be forced out again.
    One without a survivor was not made from data: its founders begin it.
    """
    if formation.survivor is None:
        return True
    return any(peer.status.incarnation >= formation.incarnation for peer in view.channel.statuses.values())


def _remember_incarnation(view: View, incarnation: int) -> Remember:
    memory = replace(view.facts.memory, incarnation=incarnation)
    return Remember(memory=memory, slot=view.slot, reason=f"the data is of incarnation {incarnation}")


def _make(view: View, formation: FormationRecord) -> Decision:
    """Start once with force-new-cluster; once more only where etcd itself says that it waits for the old members."""
    volume, target, process = view.facts.volume, view.facts.target, view.facts.process
    if target is None:
        return _not_ready(view, formation)
    assert volume is not None and process is not None
    if _begun(view, formation) and _alone(view):
        return take(_remember_incarnation(view, formation.incarnation))
    if not view.staged(target):
        if process.running:
            return take(StopMember(slot=view.slot, reason="stops before the new incarnation is made"))
        return switch_leaves(view, USES) or _stage(view, target, formation, force=not _begun(view, formation))
    if view.endpoint.learner if view.endpoint is not None else process.crashed and view.facts.voteless:
        return _another_survivor(formation, "had no vote when")
    if not process.running:
        return _start(view, process)
    if view.facts.settle_expired:
        return _again(view, target, formation)
    return wait("the survivor starts as a cluster of its own")


def _begun(view: View, formation: FormationRecord) -> bool:
    """The one start that forces a new cluster was made: what the data became, it says once it runs."""
    launch = view.facts.volume.launch if view.facts.volume else None
    if launch is None or launch.expected != view.identity:
        return False
    return launch.incarnation == formation.incarnation and not launch.force_new_cluster


def _alone(view: View) -> bool:
    return view.healthy and view.endpoint is not None and view.voters == {view.endpoint.member_id}


def _stage(view: View, target: Target, formation: FormationRecord, *, force: bool) -> Decision:
    step = StageLaunch(
        slot=view.slot,
        target=target,
        expected=view.identity,
        incarnation=formation.incarnation,
        force_new_cluster=force,
        reason=f"incarnation {formation.incarnation} is made from this volume",
    )
    return take(step)


def _start(view: View, process: ProcessFacts) -> Decision:
    """Start the survivor; where etcd ends again and again, only another declaration helps."""
    if not process.crashed:
        return take(StartMember(slot=view.slot, reason="the survivor starts as a cluster of its own"))
    text = f"the survivor does not start: declare the version and the settings it had; it says: {process.failure}"
    return take(StartMember(slot=view.slot, reason=text), State.NEEDS_RECOVERY)


def _again(view: View, target: Target, formation: FormationRecord) -> Decision:
    """It runs, and is no cluster of its own: force it again, but only where it answers that it knows no leader.

    One that does not answer may be the new incarnation already.
    """
    if not _begun(view, formation):
        return take(StopMember(slot=view.slot, reason="stops before the new incarnation is made"))
    if view.endpoint is not None and view.endpoint.leader_id == 0:
        return _stage(view, target, formation, force=True)
    text = "the survivor runs, and does not answer: declare the version and the settings it had"
    return hold(text, State.NEEDS_RECOVERY)
