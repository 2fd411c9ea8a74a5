"""From facts and a decision to the status document: pure."""

from __future__ import annotations

from etcd_ops.model.decisions import Decision
from etcd_ops.model.facts import EndpointFacts, Facts
from etcd_ops.model.gate import Action, Request, Verdict, judge
from etcd_ops.model.migration import origin_voters
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import (
    CertificateReport,
    FailedChange,
    MemberStatus,
    Role,
    State,
    StepReport,
)


def report(
    facts: Facts,
    decision: Decision,
    *,
    zone: str,
    boot_id: str,
    sequence: int,
    agent_version: str,
    expiries: dict[str, CertificateReport],
    problem: str,
    impossible: bool,
    last_step: StepReport | None = None,
) -> MemberStatus:
    """The status of one member.

    Args:
        facts: what the decision was based on.
        decision: what is done about it.
        expiries: the leaves in use, by use.
        problem: why the last step failed; empty where it did not.
        impossible: whether trying again cannot help: the declaration, or what it names, is at fault.
        last_step: the newest one that was carried out.
    """
    channel, volume, endpoint = facts.channel, facts.volume, facts.cluster.endpoints.get(facts.slot)
    spec = channel.spec if channel else None
    desired = channel.desired if channel else None
    verdict = verdict_on_member(facts, spec, endpoint)
    digest = desired.digest if desired else ""
    status = MemberStatus(
        slot=facts.slot,
        zone=zone,
        boot_id=boot_id,
        sequence=sequence,
        agent_version=agent_version,
        agent_template=facts.agent_template,
        ending=facts.ending,
        generation=desired.generation if desired else 0,
        seen_digest=digest,
        digest=facts.memory.applied_digest,
        incarnation=facts.memory.incarnation,
        highest=facts.memory.highest,
        state=State.FAILED if problem and impossible and decision.state is State.WORKING else decision.state,
        reason=_reason(facts, decision, problem),
        step=_step(decision),
        last_step=last_step,
        failed=_failed(facts, decision, digest, problem if impossible else ""),
        refused=FailedChange(digest=digest, reason=decision.refused) if decision.refused else None,
        attestation=decision.attestation,
        origin=origin_voters(spec, facts.cluster.members) if spec else None,
        strangers=dict(facts.strangers) if facts.strangers is not None else None,
        fence=facts.memory.fence,
        volume_id=volume.volume_id if volume else "",
        volume_marked=volume.marked if volume else False,
        has_data=volume.has_data if volume else False,
        voteless=facts.voteless,
        old_entries=volume.old_entries if volume else None,
        running_configuration=volume.running_digest if volume else "",
        restart_pending=_restart_pending(facts),
        certificates=expiries,
        trusted=_trusted(facts),
        gate_allowed=verdict.allowed,
        gate_reasons=tuple(each.text for each in verdict.reasons),
        alarms=_alarms(facts, endpoint),
        cluster_version=facts.cluster.cluster_version,
    )
    return status.model_copy(update=_live(facts, endpoint))


def verdict_on_member(facts: Facts, spec: ClusterSpec | None, endpoint: EndpointFacts | None) -> Verdict:
    """May this member be taken down now, for something that could wait?"""
    members = facts.cluster.members or ()
    urls = {member.peer_url: member.zone for member in spec.members.values()} if spec else {}
    zones = {each.member_id: urls[url] for each in members for url in each.peer_urls if url in urls}
    request = Request(
        action=Action.TAKE_DOWN,
        target=endpoint.member_id if endpoint else 0,
        optional=True,
        allow_outage=spec.allow_outage if spec else False,
    )
    return judge(request, facts.cluster, zones)


def _reason(facts: Facts, decision: Decision, problem: str) -> str:
    """Why, with what became of the last try; where the member is to run, also why it ended by itself."""
    text = f"{decision.reason} (last try: {problem})" if problem else decision.reason
    failure = _failure(facts) if decision.state is State.WORKING else ""
    return f"{text}; it ended before: {failure}" if failure and failure not in text else text


def _failure(facts: Facts) -> str:
    """Why the member ended by itself; empty where it runs, or nothing was staged for it to run with."""
    process, volume = facts.process, facts.volume
    staged = volume is not None and volume.launch is not None
    return process.failure if staged and process is not None and not process.running else ""


def _step(decision: Decision) -> StepReport | None:
    step = decision.step
    return StepReport(kind=step.kind, target=step.slot, reason=step.reason) if step else None


def _failed(facts: Facts, decision: Decision, digest: str, problem: str) -> FailedChange | None:
    if decision.failed:
        return FailedChange(digest=decision.failed, reason=decision.reason)
    if facts.memory.failed_digest:
        return FailedChange(digest=facts.memory.failed_digest, reason=facts.memory.failed_reason)
    return FailedChange(digest=digest, reason=problem) if problem and digest else None


def _restart_pending(facts: Facts) -> bool:
    volume, target = facts.volume, facts.target
    if volume is None or target is None or facts.process is None or not facts.process.running:
        return False
    running = (volume.running_digest, volume.running_binary)
    return running != (target.configuration_digest, target.binary_sha256)


def _trusted(facts: Facts) -> dict[str, tuple[str, ...]]:
    """What the running process believes (known for the staged and the last good launch), or a stopped one will."""
    volume = facts.volume
    if volume is None or facts.process is None:
        return {}
    if not facts.process.running:
        return volume.launch.trusted if volume.launch is not None and volume.has_data else {}
    for launch in (volume.launch, volume.good):
        if launch is not None and launch.configuration_digest == volume.running_digest:
            return launch.trusted
    return {}


def _alarms(facts: Facts, endpoint: EndpointFacts | None) -> tuple[str, ...]:
    if endpoint is None or not facts.cluster.alarms:
        return ()
    return tuple(sorted(kind for member, kind in facts.cluster.alarms if member in (0, endpoint.member_id)))


def _live(facts: Facts, endpoint: EndpointFacts | None) -> dict[str, object]:
    """What the member answered, under the status document's names."""
    if endpoint is None:
        return {}
    ahead = max(each.raft_index for each in facts.cluster.endpoints.values())
    return {
        "role": _role(facts, endpoint),
        "healthy": endpoint.healthy,
        "leader": endpoint.leader_id == endpoint.member_id,
        "member_id": endpoint.member_id,
        "cluster_id": endpoint.cluster_id,
        "version": endpoint.version,
        "storage_version": endpoint.storage_version,
        "revision": endpoint.revision,
        "raft_index": endpoint.raft_index,
        "applied_lag": max(0, ahead - endpoint.applied_index),
        "database_bytes": endpoint.database_bytes,
        "database_in_use_bytes": endpoint.database_in_use_bytes,
        "quota_bytes": endpoint.quota_bytes,
    }


def _role(facts: Facts, endpoint: EndpointFacts) -> Role:
    if endpoint.learner:
        return Role.LEARNER
    listed = {each.member_id for each in facts.cluster.members or ()}
    return Role.VOTER if endpoint.member_id in listed else Role.NONE
