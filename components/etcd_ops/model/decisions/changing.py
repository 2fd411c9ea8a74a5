"""Rules for a running member whose configuration, program or agent is another one than is declared."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.leaves import late_leaves
from etcd_ops.model.decisions.upgrading import version_rule
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import EndpointFacts, Target
from etcd_ops.model.gate import Action, Request
from etcd_ops.model.status import State
from etcd_ops.model.steps import (
    MarkGood,
    Remember,
    RestartMember,
    TransferLeadership,
    UpgradeAgent,
)


def agent_rule(view: View) -> Decision | None:
    """Hand this member over to the declared release of the agent: under the lock, so one zone at a time."""
    declared = view.spec.agent
    if view.member is None or declared.version == view.facts.agent_version or not view.healthy:
        return None
    if view.facts.agent_failure:
        text = f"agent {declared.version} was taken back: {view.facts.agent_failure}"
        return replace(hold(text, State.FAILED), failed=view.desired.digest)
    if (other := failed_elsewhere(view)) is not None:
        return other
    if view.facts.agent_awaited:
        return wait(f"agent {declared.version}: {view.facts.agent_awaited}")
    if not declared.archive and (view.facts.template or view.facts.agent_template):
        text = f"the agent's image holds release {view.facts.agent_version}, and {declared.version} is declared"
        return hold(f"{text}: declare the image of that release")
    if view.facts.agent_launched:
        text = f"agent {declared.version} was launched, and says that it is {view.facts.agent_version}"
        return replace(
            hold(f"{text}: declare that version, or another program", State.FAILED), failed=view.desired.digest
        )
    text = f"agent {view.facts.agent_version} gives way to {declared.version}"
    return take(UpgradeAgent(slot=view.slot, version=declared.version, command=declared.command, reason=text))


def restart_rule(view: View) -> Decision | None:
    """Apply what needs a restart, when it is this member's turn, leaders last and after a hand-off."""
    if view.member is None or not view.needs_restart or view.endpoint is None or view.facts.target is None:
        return None
    if view.target_failed:
        return hold(f"the declared change failed here: {view.facts.memory.failed_reason}", State.FAILED)
    if (other := failed_elsewhere(view)) is not None:
        return other
    if (waits := _dropped_authority_barrier(view)) is not None:
        return waits
    if (version := version_rule(view)) is not None:
        return version
    request = restart_request(view)
    if not request.clears_alarm and (before := _whose_turn(view)) is not None:
        return wait(f"{before} goes first")
    if (hand_over := handed_over(view, "hands the leadership over before its restart")) is not None:
        return take(hand_over)
    return take(restart(view, "the declared configuration or version needs a restart", gated=True))


def restart(view: View, reason: str, *, gated: bool, target: Target | None = None) -> RestartMember:
    """With what is declared, or with `target`."""
    target = target or view.facts.target
    assert target is not None
    return RestartMember(
        slot=view.slot,
        member_id=view.member_id,
        target=target,
        expected=view.identity,
        incarnation=view.spec.incarnation,
        request=restart_request(view) if gated else None,
        reason=reason,
    )


def restart_request(view: View) -> Request:
    """A restart that gives a full database room cannot wait, and the alarm it is for does not forbid it."""
    declared, endpoint = view.spec.etcd.quota_backend_bytes, view.endpoint
    full = any(kind == "NOSPACE" for _, kind in view.facts.cluster.alarms or ())
    # 3.5 does not tell its quota: there, what counts is whether the declared one is enough.
    raised = endpoint is None or declared > (endpoint.quota_bytes or endpoint.database_bytes)
    room = full and raised
    return view.request(Action.TAKE_DOWN, view.member_id, optional=not room, clears_alarm=room)


def failed_elsewhere(view: View) -> Decision | None:
    """Nobody tries what failed on another member."""
    for slot, peer in sorted(view.channel.statuses.items()):
        failed = peer.status.failed
        if (
            slot != view.slot
            and slot in view.spec.members
            and failed is not None
            and failed.digest == view.desired.digest
        ):
            return hold(f"the change failed on {slot}, nobody else tries it: {failed.reason}")
    return None


def _dropped_authority_barrier(view: View) -> Decision | None:
    """An authority is dropped only once no member presents a leaf of it any more."""
    target = view.facts.target
    assert target is not None
    mine = view.channel.statuses.get(view.slot)
    for use, domain in (("peer", "peer"), ("server", "client")):
        believed = set(mine.status.trusted.get(domain, ())) if mine else set()
        if not believed - set(target.trusted.get(domain, ())):
            continue
        late = sorted(slot for slot in view.spec.members if slot != view.slot and not _presents(view, slot, use))
        if late:
            return wait(f"an old {domain} authority is kept until {', '.join(late)} present their new certificates")
    return None


def _presents(view: View, slot: str, use: str) -> bool:
    peer = view.channel.statuses.get(slot)
    report = peer.status.certificates.get(use) if peer and peer.fresh else None
    return report is not None and report.fingerprint == getattr(view.spec.members[slot].certificates, use)


def _whose_turn(view: View) -> str | None:
    """The slot that changes before this one: fresh, healthy, with the change still to make; None if there is none."""
    mine = _rank(view, view.slot, view.endpoint)
    for slot, peer in view.channel.statuses.items():
        if slot == view.slot or slot not in view.spec.members or not peer.fresh:
            continue
        pending = peer.status.seen_digest == view.desired.digest and peer.status.restart_pending
        able = peer.status.state is State.WORKING and peer.status.healthy
        if pending and able and _rank(view, slot, view.facts.cluster.endpoints.get(slot)) < mine:
            return slot
    return None


def _rank(view: View, slot: str, endpoint: EndpointFacts | None) -> tuple[bool, str]:
    """Followers by name, the leader last."""
    return (endpoint is not None and endpoint.member_id == view.leader_id, slot)


def successor_of(view: View, leaving: str) -> int | None:
    """The healthy declared voter with the least lag that takes the leadership over; None where there is none."""
    candidates = [
        (facts.raft_index - facts.applied_index, slot, facts.member_id)
        for slot, facts in view.facts.cluster.endpoints.items()
        if slot != leaving and slot in view.spec.members and facts.healthy and facts.member_id in view.voters
    ]
    return min(candidates)[2] if candidates else None


def handed_over(view: View, reason: str) -> TransferLeadership | None:
    """What a leader does before its member is taken down; None where it leads nobody, or nobody can take over."""
    if view.endpoint is None or view.leader_id != view.endpoint.member_id:
        return None
    successor = successor_of(view, view.slot)
    if successor is None:
        return None
    return TransferLeadership(
        slot=view.slot,
        leader_slot=view.slot,
        member_id=successor,
        request=restart_request(view),
        reason=reason,
    )


def applied_rule(view: View) -> Decision | None:
    """Everything declared is in force here: remember it."""
    memory, volume = view.facts.memory, view.facts.volume
    if view.member is None or volume is None or not view.healthy or view.needs_restart or view.facts.target is None:
        return None
    if view.listed is None or view.listed.learner or late_leaves(volume, view.member):
        return None
    if view.outdated_pod or view.outdated_agent_pod:
        return None
    if volume.launch is not None and volume.launch != volume.good:
        return take(MarkGood(slot=view.slot, reason="healthy with the staged configuration"))
    if memory.applied_digest == view.desired.digest:
        return None
    done = replace(memory, applied_digest=view.desired.digest, failed_digest="", failed_reason="")
    return take(Remember(memory=done, slot=view.slot, reason=f"generation {view.desired.generation} is applied"))
