"""What `etcd-ops status` says, as a value: pure. Its JSON Schema is docs/schemas/report.json."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from etcd_ops.cli.looking import Look
from etcd_ops.cli.told import silent
from etcd_ops.model.document import Tolerant
from etcd_ops.model.facts import EndpointFacts
from etcd_ops.model.gate import Action, Request, healthy_voters, judge, quorum
from etcd_ops.model.migration import origin_urls
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import MemberStatus


class Report(Tolerant):
    """What commands print as JSON: in snake_case, for shells and scripts; documents in channels are in camelCase."""

    model_config = ConfigDict(alias_generator=None)


class QuorumReport(Report):
    size: int
    """Votes that a decision needs."""
    voters: int
    healthy: int
    """Voters that served a linearizable read."""


class GateReport(Report):
    """May any one member be taken down now, for something that could wait?"""

    allowed: bool
    reasons: tuple[str, ...] = ()


class LeafReport(Report):
    fingerprint: str
    not_after: float
    """Seconds since the epoch."""


class MemberReport(Report):
    name: str
    """The slot, or the member's own name where no slot is declared for it."""
    id: str = ""
    """Member ID in hexadecimal, as etcdctl prints it; empty where it is not a member."""
    zone: str = ""
    role: str = "none"
    leader: bool = False
    healthy: bool = False
    version: str = ""
    generation: int = 0
    """Newest generation of the desired document that is fully applied; 0 where it is not the current one."""
    state: str = "UNKNOWN"
    reason: str = ""
    """Why the agent is in this state."""
    step: str = ""
    """What its agent is about to do; empty where that is nothing."""
    last_step: str = ""
    """The newest step that its agent carried out."""
    last_reason: str = ""
    """Why it did."""
    database_bytes: int = 0
    quota_bytes: int = 0
    applied_lag: int = 0
    certificates: dict[str, LeafReport] = Field(default_factory=dict)
    """By use: peer, server, metrics, agent."""
    gate: GateReport = GateReport(allowed=False)
    agent_version: str = ""


class ClusterReport(Report):
    """One cluster."""

    cluster: str
    cluster_id: str = ""
    """In hexadecimal."""
    generation: int = 0
    incarnation: int = 0
    mode: str = ""
    quorum: QuorumReport
    gate: GateReport
    members: tuple[MemberReport, ...]
    alarms: tuple[str, ...] = ()
    lock: str = ""
    """Who holds it, and for what; empty where it is free."""
    by_agents: bool = False
    """It is what agents published; their members were not asked."""
    problems: tuple[str, ...] = ()
    """What could not be read."""

    @property
    def in_order(self) -> bool:
        """Every declared member is a healthy voter and has the current document applied."""
        return not self.problems and all(
            each.healthy and each.role == "voter" and each.state == "RUNNING" and each.generation == self.generation
            for each in self.members
        )


def report(cluster: str, look: Look) -> ClusterReport:
    """Put everything that was seen into one value."""
    channel = look.reading.facts if look.reading else None
    spec, desired = (channel.spec, channel.desired) if channel else (None, None)
    voters = [each for each in look.cluster.members or () if not each.learner]
    members = tuple(_member(look, spec, name) for name in _names(look, spec))
    gates = [each.gate for each in members if each.role == "voter"]
    reasons = tuple(dict.fromkeys(reason for gate in gates for reason in gate.reasons))
    ids = {facts.cluster_id for facts in look.cluster.endpoints.values()}
    return ClusterReport(
        cluster=cluster,
        cluster_id=f"{ids.pop():x}" if len(ids) == 1 else "",
        generation=desired.generation if desired else 0,
        incarnation=channel.formation.incarnation if channel and channel.formation else 0,
        mode=desired.mode.value if desired else "",
        quorum=QuorumReport(
            size=quorum(len(voters)) if voters else 0,
            voters=len(voters),
            healthy=len(healthy_voters(look.cluster)),
        ),
        gate=GateReport(allowed=bool(gates) and all(each.allowed for each in gates), reasons=reasons),
        members=members,
        alarms=tuple(f"{kind} {member:x}" for member, kind in sorted(look.cluster.alarms or ())),
        lock=_lock(look),
        by_agents=look.by_agents,
        problems=_problems(look),
    )


def _names(look: Look, spec: ClusterSpec | None) -> list[str]:
    declared = set(spec.members) if spec else set()
    return sorted(declared | set(look.cluster.endpoints), key=lambda name: (_zone(look, spec, name), name))


def _zone(look: Look, spec: ClusterSpec | None, name: str) -> str:
    if spec is not None and name in spec.members:
        return spec.members[name].zone
    status = _status(look, name)
    return status.zone if status else ""


def _status(look: Look, name: str) -> MemberStatus | None:
    peer = look.reading.facts.statuses.get(name) if look.reading else None
    return peer.status if peer else None


def _member(look: Look, spec: ClusterSpec | None, name: str) -> MemberReport:
    facts, status = look.cluster.endpoints.get(name), _status(look, name)
    desired = look.reading.facts.desired if look.reading else None
    current = status is not None and desired is not None and status.digest == desired.digest
    last = status.last_step if status else None
    ahead = max((each.raft_index for each in look.cluster.endpoints.values()), default=0)
    return MemberReport(
        name=name,
        id=f"{facts.member_id:x}" if facts else "",
        zone=_zone(look, spec, name),
        role=_role(look, facts),
        leader=facts is not None and facts.leader_id == facts.member_id,
        healthy=facts is not None and facts.healthy,
        version=facts.version if facts else "",
        generation=desired.generation if current and desired else 0,
        state=status.state.value if status else "UNKNOWN",
        reason=status.reason if status else _silence(spec, name),
        step=status.step.kind if status and status.step else "",
        last_step=last.kind if last else "",
        last_reason=last.reason if last else "",
        database_bytes=facts.database_bytes if facts else 0,
        quota_bytes=spec.etcd.quota_backend_bytes if spec else 0,
        applied_lag=max(0, ahead - facts.applied_index) if facts else 0,
        certificates=_leaves(status),
        gate=_gate_told(look, status, name) if look.by_agents else gate_on(look, spec, facts),
        agent_version=status.agent_version if status else "",
    )


def _silence(spec: ClusterSpec | None, name: str) -> str:
    if name in origin_urls(spec):
        return "a member of the migration's origin: no agent keeps it"
    return "no status was published"


def _leaves(status: MemberStatus | None) -> dict[str, LeafReport]:
    found = status.certificates if status else {}
    return {use: LeafReport(fingerprint=each.fingerprint, not_after=each.not_after) for use, each in found.items()}


def gate_on(look: Look, spec: ClusterSpec | None, facts: EndpointFacts | None) -> GateReport:
    """May this member be taken down now, for something that could wait?"""
    if facts is None:
        return GateReport(allowed=False, reasons=("the member does not answer",))
    urls = {member.peer_url: member.zone for member in spec.members.values()} if spec else {}
    listed = look.cluster.members or ()
    zones = {each.member_id: urls[url] for each in listed for url in each.peer_urls if url in urls}
    allow_outage = spec.allow_outage if spec else False
    request = Request(action=Action.TAKE_DOWN, target=facts.member_id, optional=True, allow_outage=allow_outage)
    verdict = judge(request, look.cluster, zones)
    return GateReport(allowed=verdict.allowed, reasons=tuple(each.text for each in verdict.reasons))


def _gate_told(look: Look, status: MemberStatus | None, name: str) -> GateReport:
    """The verdict that the member's agent published."""
    if status is None or name not in look.cluster.endpoints:
        return GateReport(allowed=False, reasons=("the member's agent is silent",))
    return GateReport(allowed=status.gate_allowed, reasons=status.gate_reasons)


def _role(look: Look, facts: EndpointFacts | None) -> str:
    listed = {each.member_id: each for each in look.cluster.members or ()}
    if facts is None or (look.cluster.members is not None and facts.member_id not in listed):
        return "none"
    return "learner" if facts.learner else "voter"


def _lock(look: Look) -> str:
    record = look.lock.record
    if record is None or not record.holder:
        return ""
    return f"{record.holder}: {record.intent.kind.value} {record.intent.slot}" if record.intent else record.holder


def _problems(look: Look) -> tuple[str, ...]:
    found = [f"channel: {look.channel_problem}"] if look.channel_problem else []
    if look.reading is not None and look.reading.facts.unreadable:
        found.append(f"desired document: {look.reading.facts.unreadable}")
    if look.reading is not None and look.reading.facts.desired is None:
        found.append("channel: there is no desired document; run `pulumi up`")
    if look.by_agents:
        found += [f"{slot}: its agent is silent" for slot in silent(look.reading.facts if look.reading else None)]
    elif look.cluster.members is None:
        found.append("cluster: no member answers with a quorum behind it")
    return tuple(found)
