"""Rules for a slot without data in a formed cluster: a new member, or one whose disk was lost."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.fencing import fenced_off, is_fenced_off
from etcd_ops.model.decisions.losing import attest, quorum_lost
from etcd_ops.model.decisions.migrating import unbelieved
from etcd_ops.model.decisions.recovering import made
from etcd_ops.model.decisions.settling import corrected_learner, disbelieved
from etcd_ops.model.decisions.upgrading import newcomer_rule, version_permits
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import Identity, ListedMember, ProcessFacts
from etcd_ops.model.gate import Action
from etcd_ops.model.records import FormationRecord, Replacement, Started
from etcd_ops.model.status import State
from etcd_ops.model.steps import (
    AddLearner,
    PromoteLearner,
    RemoveMember,
    SetDataAside,
    StageLaunch,
    WriteFormation,
    WriteFormationLocked,
)
from etcd_ops.model.versions import Version, cannot_open

DAY = 86_400.0
"""Seconds in which automatic replacements are counted."""


def joining_rule(view: View) -> Decision | None:
    """Bring a declared slot without data into the cluster: learner, catch up, promote."""
    volume, formation = view.facts.volume, view.formation
    if view.member is None or formation is None or volume is None or volume.has_data:
        return None
    if view.facts.process is not None and view.facts.process.running:
        return wait("started without data: waits for the log to appear")
    if view.facts.cluster.members is None:
        return _without_quorum(view)
    if view.listed is None:
        return _join(view, formation)
    if _may_start_as(view, view.listed, formation):
        return _start_joined(view, view.listed) or _replace(view, view.listed, formation)
    return _replace(view, view.listed, formation)


def _without_quorum(view: View) -> Decision:
    text = "no quorum answers: waits before joining"
    waiting = quorum_lost(view) or disbelieved(view, text) or wait(text)
    return replace(waiting, attestation=attest(view, None))


def _join(view: View, formation: FormationRecord) -> Decision:
    """Not in the member list: announce the start, then ask for a learner."""
    volume = view.facts.volume
    assert volume is not None and view.member is not None
    if view.facts.target is None:
        return wait(f"not delivered yet: {', '.join(view.facts.missing) or 'configuration'}")
    if is_fenced_off(view):
        return fenced_off(view)
    if not made(view, formation):
        return wait(f"joins once incarnation {formation.incarnation} serves, and its survivor has noted it")
    if (waits := newcomer_rule(view) or unbelieved(view)) is not None:
        return waits
    if (announce := _announce(view, formation)) is not None:
        return announce
    return take(
        AddLearner(
            slot=view.slot,
            peer_url=view.member.peer_url,
            request=view.request(Action.ADD_LEARNER, 0),
            reason="join as a learner",
        )
    )


def _announce(view: View, formation: FormationRecord) -> Decision | None:
    volume, member = view.facts.volume, view.member
    assert volume is not None and member is not None
    entry = Started(volume_id=volume.volume_id, peer_url=member.peer_url, client_url=member.client_url)
    if formation.started.get(view.slot) == entry:
        return None
    record = formation.model_copy(update={"started": {**formation.started, view.slot: entry}})
    return take(WriteFormation(record=record, slot=view.slot, reason="record the first start before it happens"))


def _may_start_as(view: View, listed: ListedMember, formation: FormationRecord) -> bool:
    """The entry was made for this volume and has never run: a fresh learner, or a founder that never started."""
    if listed.client_urls or is_fenced_off(view):
        return False
    if listed.learner:
        return view.facts.memory.identity is None or view.facts.memory.identity.member_id != listed.member_id
    return view.slot not in formation.started


def _start_joined(view: View, listed: ListedMember) -> Decision | None:
    """The first start of a listed member; None where it was made before, or this version may not join."""
    target, formation = view.facts.target, view.formation
    if target is None:
        return wait(f"not delivered yet: {', '.join(view.facts.missing) or 'configuration'}")
    if (waits := newcomer_rule(view)) is not None:
        # Listed and not started, it would keep etcd from agreeing on a version: it joins again later.
        return None if listed.learner else waits
    assert formation is not None and view.member is not None
    if (announce := _announce(view, formation)) is not None:
        return announce
    expected = Identity(_cluster_id(view), listed.member_id)
    launch = view.facts.volume.launch if view.facts.volume else None
    if launch is not None and view.staged(target) and launch.expected == expected and not launch.first_start:
        return None
    # Staged anew for every try: etcd only joins with the member list as it is then.
    return take(
        StageLaunch(
            slot=view.slot,
            target=target,
            first_start=True,
            state="existing",
            initial_cluster=_initial_cluster(view),
            expected=expected,
            incarnation=view.spec.incarnation,
            start=True,
            reason="first start in the existing cluster",
        )
    )


def _cluster_id(view: View) -> int:
    return next(each.cluster_id for each in view.facts.cluster.endpoints.values() if each.members is not None)


def _initial_cluster(view: View) -> tuple[tuple[str, str], ...]:
    return tuple(
        (view.name_of(each) or f"{each.member_id:x}", url)
        for each in view.facts.cluster.members or ()
        for url in each.peer_urls
    )


def _replace(view: View, listed: ListedMember, formation: FormationRecord) -> Decision:
    """Listed and started before, but the data is gone: remove the ID, so that the slot can join anew."""
    attestation = attest(view, listed)
    refusal = None if listed.learner else _replacement_refusal(view, listed, formation)
    if isinstance(refusal, Decision):
        return replace(refusal, attestation=attestation)
    step = RemoveMember(
        slot=view.slot,
        member_id=listed.member_id,
        request=view.request(Action.REMOVE, listed.member_id),
        reason="its disk was lost: the ID goes, the slot joins again as a learner",
    )
    return Decision(step, State.WORKING, step.reason, attestation)


def _replacement_refusal(view: View, listed: ListedMember, formation: FormationRecord) -> Decision | None:
    """What must be granted or written before the ID of a voter may be removed; None where nothing."""
    volume = view.facts.volume
    assert volume is not None
    if any(each.member_id == listed.member_id for each in formation.replacements):
        return None
    started = formation.started.get(view.slot)
    approved = _approved(view, formation, volume.volume_id)
    exchanged = started is not None and started.volume_id != volume.volume_id
    if exchanged and not volume.sole and not approved:
        text = f"another volume stands in its place: `etcd-ops approve replace {view.slot}` if the old one is gone"
        return hold(text, State.NEEDS_APPROVAL)
    declared = started is None
    limit = view.spec.healing.automatic_replacements_per_day
    if not declared and not approved and _recent(view, formation) >= limit:
        text = f"{limit} automatic replacements a day are used up: `etcd-ops approve replace {view.slot}`"
        return hold(text, State.NEEDS_APPROVAL)
    entry = Replacement(slot=view.slot, volume_id=volume.volume_id, member_id=listed.member_id, at=view.facts.wall)
    counted = () if declared or approved else (entry,)
    if not counted:
        return None
    record = formation.model_copy(update={"replacements": (*formation.replacements, *counted)})
    return take(WriteFormationLocked(record=record, slot=view.slot, reason="count the replacement before it is begun"))


def _approved(view: View, formation: FormationRecord, volume_id: str) -> bool:
    """An operator granted the replacement, or accepted this volume in the place of the one that held the member."""
    granted = {("replace", volume_id), ("volume", formation.volume_of(view.slot))}
    return any(
        each.slot == view.slot and (each.kind, each.subject) in granted for each in view.channel.controls.approvals
    )


def _recent(view: View, formation: FormationRecord) -> int:
    """Replacements of the last day; one dated in the future (a clock that jumped) still counts."""
    return sum(1 for each in formation.replacements if each.at > view.facts.wall - DAY)


def obsolete_data_rule(view: View) -> Decision | None:
    """There is data, but the cluster no longer lists its member: set it aside and join again."""
    volume = view.facts.volume
    if view.member is None or volume is None or not volume.has_data or volume.identity is None:
        return None
    members = view.facts.cluster.members
    if members is None or view.formation is None or not view.has_quorum:
        return None
    if any(each.member_id == volume.identity.member_id for each in members):
        return None
    if view.facts.memory.incarnation > view.formation.incarnation:
        return hold("the volume is of a newer incarnation than the channel knows")
    label = f"{volume.identity.member_id:x}"
    return take(
        SetDataAside(slot=view.slot, label=label, reason="the cluster removed this member: its data is set aside")
    )


def stuck_learner_rule(view: View) -> Decision | None:
    """A learner that cannot serve keeps the cluster from agreeing on a version: it joins again after that."""
    process, listed = view.facts.process, view.listed
    if view.member is None or listed is None or not listed.learner or process is None:
        return None
    reason = _too_old(view) if process.crashed else _deaf(view, process)
    if not reason:
        return None
    request = view.request(Action.REMOVE, listed.member_id)
    text = f"a learner that cannot start makes room, and joins again later: {reason}"
    return take(RemoveMember(slot=view.slot, member_id=listed.member_id, request=request, reason=text))


def _too_old(view: View) -> str:
    """Why the declared program, which it ended with, cannot open what the cluster would send it; empty where it can."""
    if view.facts.target is None or not view.staged(view.facts.target):
        return ""
    return cannot_open(Version.parse(view.spec.etcd.version), view.running.cluster, None)


def _deaf(view: View, process: ProcessFacts) -> str:
    """It answers nobody, and may not be restarted with what is declared now."""
    silent = process.running and view.endpoint is None and view.facts.settle_expired
    if not silent or not view.needs_restart or version_permits(view):
        return ""
    return f"it does not answer, and may not start with etcd {view.spec.etcd.version} now"


def promotion_rule(view: View) -> Decision | None:
    """A learner of this slot that has caught up becomes a voter."""
    if view.member is None or view.listed is None or not view.listed.learner:
        return None
    if view.endpoint is None:
        return corrected_learner(view) or wait("the learner starts")
    request = view.request(Action.PROMOTE, view.listed.member_id)
    verdict = view.verdict(request)
    if not verdict.allowed:
        return Decision(None, State.WORKING, "learner: " + "; ".join(each.text for each in verdict.reasons))
    step = PromoteLearner(
        slot=view.slot, member_id=view.listed.member_id, request=request, reason="the learner has caught up"
    )
    return take(step)
