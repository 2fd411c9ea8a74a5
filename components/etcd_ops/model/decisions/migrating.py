"""Rules for a cluster that is moved over from members which somebody else runs: no agent speaks for those."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.standing import start_intact
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.gate import Action
from etcd_ops.model.migration import Move, MoveKind, Next, next_move
from etcd_ops.model.records import FormationRecord, FormationState
from etcd_ops.model.spec import MigrationPhase
from etcd_ops.model.status import State
from etcd_ops.model.steps import (
    AddLearner,
    PromoteLearner,
    Remember,
    RemoveMember,
    StopMember,
    TransferLeadership,
    WriteFormation,
)


def join_origin(view: View) -> Decision:
    """Open the record of a cluster that somebody else formed: its ID is what a quorum of it says now."""
    if view.spec.migration is None:
        return hold("the cluster is to be joined, and nothing was recorded of it yet: declare its migration again")
    if not view.has_quorum:
        names = ", ".join(sorted(view.spec.migration.members))
        return wait(f"waits for a quorum of the members it joins: {names}")
    ids = {facts.cluster_id for facts in view.facts.cluster.endpoints.values() if facts.healthy}
    if len(ids) > 1:
        return hold(f"migration.members answer with different cluster IDs: {_hexadecimal(ids)}")
    record = FormationRecord(
        token=view.desired.formation.token,
        state=FormationState.FORMED,
        incarnation=view.spec.incarnation,
        founders={},
        cluster_id=ids.pop(),
        joined=True,
    )
    return take(WriteFormation(record=record, slot=view.slot, reason="record which cluster is joined"))


def unbelieved(view: View) -> Decision | None:
    """Who serves clients, and would not replicate with this member: it would be listed, and never start."""
    serving = view.facts.cluster.endpoints
    found = {name: problem for name, problem in (view.facts.strangers or {}).items() if problem and name in serving}
    if not found:
        return None
    text = "; ".join(f"{name}: {problem}" for name, problem in sorted(found.items()))
    return hold(f"peers of both sides have to believe each other before it joins ({text})")


def same_cluster_rule(view: View) -> Decision | None:
    """Whoever answers is of the cluster that was recorded, or nothing is done."""
    known = view.formation.cluster_id if view.formation is not None else None
    if view.spec.migration is None or known is None:
        return None
    others = {facts.cluster_id for facts in view.facts.cluster.endpoints.values()} - {known}
    if not others:
        return None
    text = f"cluster {_hexadecimal(others)} answers, and {known:x} was joined: correct migration.members"
    return start_intact(view.facts, text) or hold(text)


def _hexadecimal(ids: set[int]) -> str:
    return ", ".join(sorted(f"{each:x}" for each in ids))


def leaving_rule(view: View) -> Decision | None:
    """Declared members leave again, while the origin's stay: nothing but that is done."""
    migration = view.spec.migration
    if view.member is None or migration is None or migration.phase is not MigrationPhase.LEAVE or view.forming:
        return None
    process = view.facts.process
    if _gone(view) and process is not None and process.running:
        return take(StopMember(slot=view.slot, reason="removed from the cluster"), State.RETIRED)
    coming = _next(view)
    if coming.move is not None:
        return _moved(view, coming.move)
    if coming.holds:
        return start_intact(view.facts, coming.holds) or hold(coming.holds)
    if _gone(view):
        return _left(view)
    return start_intact(view.facts, "it leaves once a quorum removed it") or wait(coming.waits or "leaves the cluster")


def _gone(view: View) -> bool:
    return view.facts.cluster.members is not None and view.has_quorum and view.listed is None


def _left(view: View) -> Decision:
    memory, digest = view.facts.memory, view.desired.digest
    if memory.applied_digest == digest:
        return hold("left the cluster that it had joined", State.RETIRED)
    done = replace(memory, applied_digest=digest, failed_digest="", failed_reason="")
    return take(Remember(memory=done, slot=view.slot, reason="it left"), State.RETIRED)


def migrating_rule(view: View) -> Decision | None:
    """Remove the origin's members, or bring them back; those of declared slots are brought in by their own agents."""
    if view.member is None or view.spec.migration is None or not view.healthy:
        return None
    move = _next(view).move
    if move is None or (move.name in view.spec.members and move.kind is not MoveKind.HAND_OVER):
        return None
    return _moved(view, move)


def migrated_rule(view: View) -> Decision | None:
    """Nothing is left to do here but wait for the origin's members."""
    if view.member is None or view.spec.migration is None or not view.healthy or view.needs_restart:
        return None
    coming = _next(view)
    if coming.holds:
        return hold(coming.holds)
    if coming.move is not None:
        return wait(f"the migration goes on: {coming.move.kind.value} {coming.move.name}")
    return wait(coming.waits) if coming.waits else None


def _next(view: View) -> Next:
    return next_move(view.spec, view.facts.cluster, view.former)


def _moved(view: View, move: Move) -> Decision:
    if move.kind is MoveKind.ADD:
        request = view.request(Action.ADD_LEARNER, 0)
        reason = "a member of the origin comes back: start it on an empty data directory (`etcd-ops migrate plan`)"
        return take(AddLearner(slot=move.name, peer_url=move.peer_url, request=request, reason=reason))
    if move.kind is MoveKind.PROMOTE:
        request = view.request(Action.PROMOTE, move.member_id)
        reason = "the origin's member has caught up"
        return take(PromoteLearner(slot=move.name, member_id=move.member_id, request=request, reason=reason))
    if move.kind is MoveKind.HAND_OVER:
        return _handed_over(view, move)
    request = view.request(Action.REMOVE, move.member_id)
    reason = "the migration removes it"
    return take(RemoveMember(slot=move.name, member_id=move.member_id, request=request, reason=reason))


def _handed_over(view: View, move: Move) -> Decision:
    """It stops nobody, and goes on in a cluster of two as well."""
    endpoints = view.facts.cluster.endpoints
    leader = next((name for name, each in endpoints.items() if each.member_id == view.leader_id), None)
    if leader is None:
        return wait("waits for the leader to answer")
    return take(
        TransferLeadership(
            slot=view.slot,
            leader_slot=leader,
            member_id=move.member_id,
            request=view.request(Action.FINISH, move.member_id),
            reason=f"the leadership goes to {move.name}, which stays",
        )
    )
