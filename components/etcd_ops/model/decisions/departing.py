"""Rules for members that are no longer declared, and for what a vanished agent left half done."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.changing import successor_of
from etcd_ops.model.decisions.losing import attest, quorum_lost
from etcd_ops.model.decisions.standing import start_intact
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import EndpointFacts, ListedMember
from etcd_ops.model.gate import Action
from etcd_ops.model.status import State
from etcd_ops.model.steps import (
    DisarmAlarm,
    PromoteLearner,
    RemoveMember,
    RevertLaunch,
    StopMember,
    TransferLeadership,
    WriteFormation,
)


def dropped_rule(view: View) -> Decision | None:
    """This slot was dropped: keep serving until a quorum says that its member is gone, then stop for good."""
    if view.member is not None:
        return None
    if (again := _announced_again(view)) is not None:
        return again
    process, volume = view.facts.process, view.facts.volume
    gone = view.facts.cluster.members is not None and view.has_quorum and view.listed is None
    if not gone and not (process is not None and process.removed):
        needed = "its slot was dropped, and its member may still be needed"
        return _serves_again(view) or start_intact(view.facts, needed) or _lost(view)
    if process is not None and process.running:
        return take(StopMember(slot=view.slot, reason="removed from the cluster"), State.RETIRED)
    if volume is not None:
        return hold("removed from the cluster; its volume may be deleted", State.RETIRED)
    return None


def _announced_again(view: View) -> Decision | None:
    """The record lost this slot's start, and its member is listed: without it, nobody knows whose that is."""
    if view.formation is None or view.listed is None or view.own_start is None:
        return None
    started = {**view.formation.started, view.slot: view.own_start}
    record = view.formation.model_copy(update={"started": started})
    return take(WriteFormation(record=record, slot=view.slot, reason="the record lost its first start"))


def _lost(view: View) -> Decision | None:
    """A dropped slot without data says so: whether a quorum can come back depends on its disk as well."""
    volume, process = view.facts.volume, view.facts.process
    if volume is None or volume.has_data or (process is not None and process.running):
        return None
    waiting = quorum_lost(view) or wait("its slot was dropped, and it holds no data: waits for a quorum to say it left")
    return replace(waiting, attestation=attest(view, None))


def _serves_again(view: View) -> Decision | None:
    """Without this member there is no quorum, and it does not serve with the configuration that was declared last.

    Its program stays: the cluster may have agreed on that one's version, and with an older one it would never start.
    """
    volume, process, good = view.facts.volume, view.facts.process, view.fallback
    if volume is None or volume.launch is None or process is None or view.has_quorum or good is None:
        return None
    if volume.launch == good or volume.launch.binary_sha256 != good.binary_sha256:
        return None
    if process.crashed:
        failure = f"it did not start, and its slot was dropped: {process.failure}"
    elif process.running and view.facts.settle_expired:
        failure = "it ran, but did not become healthy in time, and its slot was dropped"
    else:
        return None
    return take(RevertLaunch(slot=view.slot, digest=view.desired.digest, failure=failure, reason=failure))


def removal_rule(view: View) -> Decision | None:
    """Remove members of dropped slots: unhealthy ones at once, healthy ones after every declared slot votes."""
    if view.member is None or view.facts.cluster.members is None:
        return None
    dropped = [each for each in view.facts.cluster.members if _dropped(view, each)]
    if not dropped:
        return None
    target = min(dropped, key=lambda each: _removal_order(view, each))
    if target.member_id in view.healthy_ids and not _all_declared_vote(view):
        return None
    if target.member_id == view.leader_id:
        return _depose(view, target)
    return take(
        RemoveMember(
            slot=view.slot_of(target) or target.name,
            member_id=target.member_id,
            request=view.request(Action.REMOVE, target.member_id),
            reason="its slot is no longer declared",
        )
    )


def departing_rule(view: View) -> Decision | None:
    """Nothing is left to do here but wait for members of dropped slots to leave."""
    if view.member is None or not view.healthy or view.needs_restart:
        return None
    if any(_dropped(view, each) for each in view.facts.cluster.members or ()):
        return wait("dropped members leave after the declared ones have joined")
    return None


def _dropped(view: View, listed: ListedMember) -> bool:
    slot = view.slot_of(listed)
    return slot is not None and slot not in view.spec.members


def _removal_order(view: View, listed: ListedMember) -> tuple[bool, bool, str]:
    """Unhealthy first, the leader last."""
    return (listed.member_id in view.healthy_ids, listed.member_id == view.leader_id, listed.name)


def _all_declared_vote(view: View) -> bool:
    voting = {view.slot_of(each) for each in view.facts.cluster.members or () if not each.learner}
    return set(view.spec.members) <= voting


def _depose(view: View, leader: ListedMember) -> Decision:
    """A hand-over stops nobody, and goes on in a cluster of two as well."""
    slot = view.slot_of(leader) or ""
    successor = successor_of(view, slot)
    if successor is None:
        return hold("the leader is to leave, but no declared voter can take over")
    request = view.request(Action.FINISH, successor)
    return take(
        TransferLeadership(
            slot=view.slot,
            leader_slot=slot,
            member_id=successor,
            request=request,
            reason="the leader's slot was dropped",
        )
    )


def orphan_rule(view: View) -> Decision | None:
    """A learner whose own agent is silent: finish it where it has caught up, otherwise make room."""
    if view.member is None or not view.healthy:
        return None
    for each in view.facts.cluster.members or ():
        slot = view.slot_of(each)
        peer = view.channel.statuses.get(slot) if slot else None
        if not each.learner or slot is None or slot == view.slot or (peer is not None and not peer.silent):
            continue
        return _adopt_orphan(view, each, slot)
    return None


def _adopt_orphan(view: View, listed: ListedMember, slot: str) -> Decision | None:
    promote = view.request(Action.PROMOTE, listed.member_id)
    if slot in view.spec.members and view.verdict(promote).allowed:
        reason = "its agent is silent, and it has caught up"
        return take(PromoteLearner(slot=slot, member_id=listed.member_id, request=promote, reason=reason))
    if slot in view.facts.cluster.endpoints:
        return None
    request = view.request(Action.REMOVE, listed.member_id)
    reason = "a learner whose agent and process are silent: it may join again later"
    return take(RemoveMember(slot=slot, member_id=listed.member_id, request=request, reason=reason))


def alarm_rule(view: View) -> Decision | None:
    """NOSPACE is disarmed once every member is well below the quota that is declared; CORRUPT never is."""
    alarms = view.facts.cluster.alarms
    if view.member is None or not view.healthy or not alarms:
        return None
    for member_id, kind in sorted(alarms):
        if kind == "NOSPACE" and _all_below_quota(view):
            request = view.request(Action.FINISH, member_id, clears_alarm=True)
            reason = "every database is below its quota again"
            return take(DisarmAlarm(slot=view.slot, member_id=member_id, alarm=kind, request=request, reason=reason))
    return None


def _all_below_quota(view: View) -> bool:
    endpoints = view.facts.cluster.endpoints
    answered = {facts.member_id for facts in endpoints.values()}
    if not view.voters <= answered:
        return False
    return all(facts.database_bytes < 0.95 * _quota(view, slot, facts) for slot, facts in endpoints.items())


def _quota(view: View, slot: str, facts: EndpointFacts) -> int:
    """What the member runs with. 3.5 does not tell: then the declared one, once it is applied; 0 where unknown."""
    peer = view.channel.statuses.get(slot)
    applied = peer is not None and peer.fresh and peer.status.digest == view.desired.digest
    return facts.quota_bytes or (view.spec.etcd.quota_backend_bytes if applied else 0)
