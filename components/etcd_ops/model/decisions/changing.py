"""Rules for a running member: credentials, configuration, version, and giving up on a change that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etcd_ops.model.decisions.fencing import fenced_off, is_fenced_off
from etcd_ops.model.decisions.losing import quorum_lost
from etcd_ops.model.decisions.upgrading import version_permits, version_rule
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import EndpointFacts, Launch, ProcessFacts, Target, VolumeFacts
from etcd_ops.model.gate import Action, Request
from etcd_ops.model.spec import MemberSpec, TrustSpec
from etcd_ops.model.status import State
from etcd_ops.model.steps import (
    FetchBinary,
    MarkGood,
    Remember,
    RestartMember,
    RevertLaunch,
    StageLaunch,
    StartMember,
    Step,
    SwitchLeaf,
    TransferLeadership,
    UpgradeAgent,
)

USES = ("peer", "server", "metrics", "agent")
OUTDATED = "server version is lower than determined cluster version"
"""What etcd says where its program is older than the cluster's version (server/etcdserver/api/membership/downgrade.go
of 3.5, server/etcdserver/version/downgrade.go of 3.6 and 3.7)."""
ISSUER_BEFORE = "declare the issuer before it"
"""The way out where those who would have to believe an issuer are not restarted meanwhile."""


def stopped_rule(view: View) -> Decision | None:
    """A member with data that does not run: correct it where a correction is declared, then start it."""
    volume, process = view.facts.volume, view.facts.process
    if volume is None or process is None or process.running or not volume.has_data or view.member is None:
        return None
    if view.foreign:
        return None
    if process.removed:
        return quorum_lost(view) or wait("the cluster removed this member: waits for a quorum to say so")
    return _started(view, volume, process)


def _started(view: View, volume: VolumeFacts, process: ProcessFacts) -> Decision:
    """Start the data with what is staged, once that is what should be."""
    launch = volume.launch
    if (corrected := _corrected(view, volume, process)) is not None:
        return take(corrected)
    if _outdated(process, volume):
        text = f"etcd {view.spec.etcd.version} is older than what the cluster agreed on, and what ran before is unknown"
        return hold(f"{text}: declare the version that it ran with")
    if launch is None:
        return wait(f"not delivered yet: {', '.join(view.facts.missing) or 'configuration'}")
    if is_fenced_off(view):
        return fenced_off(view)
    if launch.incarnation < max(view.facts.memory.fence, view.facts.memory.highest.incarnation):
        return hold("its data is of an older incarnation", State.FENCED)
    return take(StartMember(slot=view.slot, reason="intact and not running"))


def _corrected(view: View, volume: VolumeFacts, process: ProcessFacts) -> Step | None:
    """Another launch than the one that is staged; None where that may start."""
    launch, target = volume.launch, view.facts.target
    if target is None:
        return None
    if (back := _taken_back(view, volume, process)) is not None:
        return back
    if not _fits(view, launch):
        return _stage(view, "stopped: what is staged was for other data")
    if view.staged(target):
        return None
    if _outdated(process, volume) and _differs(launch, target.binary_sha256) and OUTDATED not in _failed(view):
        # The cluster agreed on a newer version before that was taken back: with the older one it never starts again.
        return _stage(view, "stopped: the cluster's version is newer than what is staged, and another is declared")
    permitted = not view.target_failed and version_permits(view)
    return _stage(view, "stopped: the declared configuration is staged") if permitted else None


def _taken_back(view: View, volume: VolumeFacts, process: ProcessFacts) -> RevertLaunch | None:
    """The declared launch does not start, and there is one before it that was good."""
    launch, target = volume.launch, view.facts.target
    if view.fallback is None or launch in (None, view.fallback) or target is None or not view.staged(target):
        return None
    if not process.crashed or not _ran(volume, launch):
        return None
    if _outdated(process, volume) and not _differs(launch, view.fallback.binary_sha256):
        return None
    text = f"it did not start: {process.failure}"
    return RevertLaunch(slot=view.slot, digest=view.desired.digest, failure=process.failure, reason=text)


def _outdated(process: ProcessFacts, volume: VolumeFacts) -> bool:
    """What is staged was tried, and its program is older than what the cluster agreed on."""
    return OUTDATED in process.failure and _ran(volume, volume.launch)


def _differs(launch: Launch | None, program: str) -> bool:
    return launch is not None and launch.binary_sha256 != program


def _failed(view: View) -> str:
    """How what is declared ended on this member before it was taken back; empty where it was not."""
    return view.facts.memory.failed_reason if view.target_failed else ""


def _ran(volume: VolumeFacts, launch: Launch | None) -> bool:
    """What ended was started with this launch, not with the one before it."""
    return launch is not None and (volume.running_digest, volume.running_binary) == (
        launch.configuration_digest,
        launch.binary_sha256,
    )


def _fits(view: View, launch: Launch | None) -> bool:
    """The staged launch is for the data that is on the volume, or there is none yet."""
    return launch is None or launch.expected in (None, view.identity)


def _stage(view: View, reason: str) -> StageLaunch:
    target = view.facts.target
    assert target is not None
    return StageLaunch(
        slot=view.slot,
        target=target,
        expected=view.identity,
        incarnation=view.spec.incarnation,
        reason=reason,
    )


def settling_rule(view: View) -> Decision | None:
    """A member that runs but does not serve: wait for it, or give the change up once its time is over."""
    process, volume = view.facts.process, view.facts.volume
    if process is None or not process.running or volume is None or view.member is None or view.healthy:
        return None
    if view.listed is not None and view.listed.learner:
        return None
    if not view.facts.settle_expired:
        return quorum_lost(view) or wait("runs, but does not serve a linearizable read yet")
    changed = volume.launch is not None and volume.launch != view.fallback
    if changed and view.fallback is not None and view.has_quorum and not view.target_failed:
        failure = "it ran, but did not become healthy in time"
        return take(RevertLaunch(slot=view.slot, digest=view.desired.digest, failure=failure, reason=failure))
    nobody_serves = not view.has_quorum and view.facts.cluster.members is None
    correctable = view.needs_restart and not view.target_failed and version_permits(view)
    if correctable and view.facts.target is not None and nobody_serves:
        return take(_restart(view, "no quorum: a corrected configuration cannot make it worse", gated=False))
    if not view.has_quorum:
        return _as_before(view) or quorum_lost(view) or wait("no quorum is proven healthy")
    if correctable and view.facts.target is not None:
        return take(_restart(view, "it does not serve with what it runs with, and another is declared", gated=True))
    return _disbelieved(view) or wait("runs, but does not serve a linearizable read, though a quorum does")


def _as_before(view: View) -> Decision | None:
    """No quorum, and what it runs with is neither declared nor was it ever good; what is declared may not start now."""
    good, target, volume = view.fallback, view.facts.target, view.facts.volume
    if good is None or target is None or volume is None or view.staged(target) or volume.launch == good:
        return None
    if view.facts.cluster.members is not None:
        return None
    before = Target(good.configuration, good.configuration_digest, good.binary_sha256, good.trusted)
    return take(_restart(view, "no quorum: what was good before cannot make it worse", gated=False, target=before))


def corrected_learner(view: View) -> Decision | None:
    """A learner that does not answer takes what is declared now; it does not vote, and nothing before it was good."""
    correctable = view.endpoint is None and view.needs_restart and not view.target_failed and version_permits(view)
    if not correctable or view.facts.target is None:
        return None
    text = "the learner does not answer with what it runs with, and another is declared"
    return take(_restart(view, text, gated=False))


def _disbelieved(view: View) -> Decision | None:
    """The others do not believe this member's issuer, and cannot restart to believe it while it does not serve."""
    text = "runs, but does not serve a linearizable read, though a quorum does"
    barriers = (_barrier(view, use) for use in USES)
    for barrier in barriers:
        if barrier is not None:
            said = barrier.reason if ISSUER_BEFORE in barrier.reason else f"{barrier.reason}: {ISSUER_BEFORE}"
            return hold(f"{text}; {said}")
    return None


def prepare_rule(view: View) -> Decision | None:
    """Fetch what the document names before anything is disturbed."""
    if view.facts.volume is None or view.member is None:
        return None
    return fetch_program(view) or _first_leaves(view)


def fetch_program(view: View) -> Decision | None:
    """Cache the declared program on the volume; None where it is there, or was tried in vain."""
    volume, binary = view.facts.volume, view.spec.etcd.binary
    if volume is None or binary.sha256 in volume.binaries or view.target_failed:
        return None
    reason = "cache the declared program"
    return take(FetchBinary(slot=view.slot, source=binary.source, sha256=binary.sha256, reason=reason))


def _first_leaves(view: View) -> Decision | None:
    """A member without data takes the declared leaves: nobody depends on another yet, but others must believe them."""
    volume, member = view.facts.volume, view.member
    assert volume is not None and member is not None
    for use in USES:
        if volume.leaves.get(use) == getattr(member.certificates, use):
            continue
        if use not in volume.leaves or not volume.has_data:
            return (None if view.forming else _newcomer_barrier(view, use)) or switch_leaves(view, [use])
    return None


def _newcomer_barrier(view: View, use: str) -> Decision | None:
    """Nobody believes a newcomer's issuer. Without it the others may not restart to believe it: an operator decides."""
    strangers = _barrier(view, use)
    if strangers is None:
        return None
    text = strangers.reason
    if ISSUER_BEFORE not in text and strangers.state is State.WORKING:
        text = f"{text}: {ISSUER_BEFORE} until {view.slot} has joined, unless they are about to restart"
    return replace(strangers, reason=text, state=State.HELD, yields=False)


def switch_leaves(view: View, uses: Sequence[str]) -> Decision | None:
    """The first of `uses` whose leaf is not the declared one is switched, or waited for."""
    volume, member = view.facts.volume, view.member
    assert volume is not None and member is not None
    for use in uses:
        wanted = getattr(member.certificates, use)
        if volume.leaves.get(use) == wanted:
            continue
        if wanted not in volume.credentials:
            return wait(f"not delivered yet: {use} certificate")
        return take(SwitchLeaf(slot=view.slot, use=use, fingerprint=wanted, reason=f"the declared {use} certificate"))
    return None


def leaf_rule(view: View) -> Decision | None:
    """Switch leaves; a leaf of another authority waits until every process trusts that authority."""
    volume, member = view.facts.volume, view.member
    if volume is None or member is None:
        return None
    late = [use for use in USES if volume.leaves.get(use) != getattr(member.certificates, use)]
    barriers = {use: _barrier(view, use) for use in late}
    free = [use for use in late if barriers[use] is None]
    return switch_leaves(view, free[:1]) if free else next(iter(barriers.values()), None)


def _barrier(view: View, use: str) -> Decision | None:
    """Every process must have started with a bundle that holds the issuer before its leaves are used."""
    domain = {"server": "client", "agent": "client"}.get(use, use)
    if domain == "metrics":
        return None
    trust = view.spec.trust.peer if domain == "peer" else view.spec.trust.client
    issuer = trust.authorities[str(trust.issuer)]
    if len(trust.authorities) > 1:
        known = _trusted(view, domain, fresh=True)
        lacking = sorted(slot for slot, believed in known.items() if issuer not in believed)
        return (
            replace(_strangers(view, domain, trust, {slot: known[slot] for slot in lacking}), yields=True)
            if lacking
            else None
        )
    return _sole_issuer_barrier(view, domain, trust, issuer)


def _sole_issuer_barrier(view: View, domain: str, trust: TrustSpec, issuer: str) -> Decision | None:
    """The only authority there is: a leaf is renewed without asking, unless somebody is known to believe another one.

    Where this member itself still believes another one, the rotation is not over: whoever is silent may as well.
    """
    known = _trusted(view, domain, fresh=False)
    if strangers := sorted(slot for slot, believed in known.items() if believed and issuer not in believed):
        text = f"{', '.join(strangers)} do not trust {domain} generation {trust.issuer}"
        return replace(hold(f"{text}: declare the one before it as well"), yields=True)
    silent = sorted(slot for slot, believed in known.items() if not believed)
    if silent and _believes_another(view, domain, issuer):
        text = f"whether {', '.join(silent)} trust {domain} generation {trust.issuer} is not known"
        return replace(wait(text), yields=True)
    return None


def _believes_another(view: View, domain: str, issuer: str) -> bool:
    volume = view.facts.volume
    launches = (volume.launch, volume.good) if volume is not None else ()
    return any(set(each.trusted.get(domain, ())) - {issuer} for each in launches if each is not None)


def _strangers(view: View, domain: str, trust: TrustSpec, lacking: dict[str, tuple[str, ...]]) -> Decision:
    """Members that do not believe the issuer yet. One that is not declared any more is never restarted to do so."""
    declared = set(trust.authorities.values())
    if cut_off := [slot for slot, believed in lacking.items() if believed and not declared & set(believed)]:
        # Restarted with what is declared, they would believe none of the leaves that are in use.
        text = f"{', '.join(cut_off)} do not trust {domain} generation {trust.issuer}, nor another one that is declared"
        return hold(f"{text}: declare the one before it as well")
    text = f"{domain} trust generation {trust.issuer} is not yet trusted by {', '.join(lacking)}"
    if leaving := [slot for slot in lacking if slot not in view.spec.members]:
        return hold(f"{text}: {ISSUER_BEFORE} until {', '.join(leaving)} left")
    return wait(text)


def _trusted(view: View, domain: str, *, fresh: bool) -> dict[str, tuple[str, ...]]:
    """Authorities that each member's running process believes: as its agent says freshly, or as it said last."""
    found: dict[str, tuple[str, ...]] = {}
    for slot in _running_slots(view):
        peer = view.channel.statuses.get(slot)
        heard = peer is not None and (peer.fresh or not fresh)
        found[slot] = peer.status.trusted.get(domain, ()) if peer and heard else ()
    return found


def _running_slots(view: View) -> list[str]:
    """Whoever is a member; while nobody says who is, whoever was ever started."""
    members, volume = view.facts.cluster.members, view.facts.volume
    if members is not None:
        listed = [view.slot_of(each) or each.name for each in members]
        slots = [slot for slot in listed if not _is_empty(view, slot)]
    else:
        slots = [slot for slot in sorted(view.formation.started) if not _left(view, slot)] if view.formation else []
    empty = volume is not None and not volume.has_data
    return [slot for slot in slots if slot != view.slot or not empty]


def _left(view: View, slot: str) -> bool:
    """The slot certainly runs no member: it was removed, or it has none to run."""
    peer = view.channel.statuses.get(slot)
    return _is_empty(view, slot) or (peer is not None and peer.status.state is State.RETIRED)


def _is_empty(view: View, slot: str) -> bool:
    """Its volume is there and has no data: whatever starts on it starts with what is declared."""
    peer = view.channel.statuses.get(slot)
    return peer is not None and peer.fresh and peer.status.empty


def agent_rule(view: View) -> Decision | None:
    """Hand this member over to the declared release of the agent: under the lock, so one zone at a time."""
    declared = view.spec.agent
    if view.member is None or declared.version == view.facts.agent_version or not view.healthy:
        return None
    if view.facts.agent_failure:
        text = f"agent {declared.version} was taken back: {view.facts.agent_failure}"
        return hold(text, State.FAILED)
    text = f"agent {view.facts.agent_version} gives way to {declared.version}"
    return take(UpgradeAgent(slot=view.slot, version=declared.version, command=declared.command, reason=text))


def restart_rule(view: View) -> Decision | None:
    """Apply what needs a restart, when it is this member's turn, leaders last and after a hand-off."""
    if view.member is None or not view.needs_restart or view.endpoint is None or view.facts.target is None:
        return None
    if view.target_failed:
        return hold(f"the declared change failed here: {view.facts.memory.failed_reason}", State.FAILED)
    if (other := _failed_elsewhere(view)) is not None:
        return other
    if (waits := _dropped_authority_barrier(view)) is not None:
        return waits
    if (version := version_rule(view)) is not None:
        return version
    request = _restart_request(view, view.endpoint, view.endpoint.member_id)
    if not request.clears_alarm and (before := _whose_turn(view)) is not None:
        return wait(f"{before} goes first")
    if view.leader_id == view.endpoint.member_id and (successor := successor_of(view, view.slot)) is not None:
        return take(_hand_over(view, successor, "hands the leadership over before its restart"))
    return take(_restart(view, "the declared configuration or version needs a restart", gated=True))


def _restart(view: View, reason: str, *, gated: bool, target: Target | None = None) -> RestartMember:
    """With what is declared, or with `target`."""
    target, endpoint = target or view.facts.target, view.endpoint
    assert target is not None
    member_id = endpoint.member_id if endpoint else view.identity.member_id if view.identity else 0
    return RestartMember(
        slot=view.slot,
        member_id=member_id,
        target=target,
        expected=view.identity,
        incarnation=view.spec.incarnation,
        request=_restart_request(view, endpoint, member_id) if gated else None,
        reason=reason,
    )


def _restart_request(view: View, endpoint: EndpointFacts | None, member_id: int) -> Request:
    """A restart that gives a full database room cannot wait, and the alarm it is for does not forbid it."""
    declared = view.spec.etcd.quota_backend_bytes
    full = any(kind == "NOSPACE" for _, kind in view.facts.cluster.alarms or ())
    # 3.5 does not tell its quota: there, what counts is whether the declared one is enough.
    raised = endpoint is None or declared > (endpoint.quota_bytes or endpoint.database_bytes)
    room = full and raised
    return view.request(Action.TAKE_DOWN, member_id, optional=not room, clears_alarm=room)


def _failed_elsewhere(view: View) -> Decision | None:
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


def _hand_over(view: View, successor: int, reason: str) -> TransferLeadership:
    assert view.endpoint is not None
    return TransferLeadership(
        slot=view.slot,
        leader_slot=view.slot,
        member_id=successor,
        request=_restart_request(view, view.endpoint, view.endpoint.member_id),
        reason=reason,
    )


def applied_rule(view: View) -> Decision | None:
    """Everything declared is in force here: remember it."""
    memory, volume = view.facts.memory, view.facts.volume
    if view.member is None or volume is None or not view.healthy or view.needs_restart or view.facts.target is None:
        return None
    if view.listed is None or view.listed.learner or not _leaves_in_force(volume, view.member):
        return None
    if volume.launch is not None and volume.launch != volume.good:
        return take(MarkGood(slot=view.slot, reason="healthy with the staged configuration"))
    if memory.applied_digest == view.desired.digest:
        return None
    done = replace(memory, applied_digest=view.desired.digest, failed_digest="", failed_reason="")
    return take(Remember(memory=done, slot=view.slot, reason=f"generation {view.desired.generation} is applied"))


def _leaves_in_force(volume: VolumeFacts, member: MemberSpec) -> bool:
    return all(volume.leaves.get(use) == getattr(member.certificates, use) for use in USES)
