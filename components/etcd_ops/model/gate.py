"""The safety gate: one pure verdict on disturbing one member, used by agents, the CLI, Rollout and chaos.

With H = the voters proven healthy by a linearizable read through themselves (raft's quorum rules, Ongaro 2014, and
etcd's strict reconfiguration check applied from outside):

- taking `t` down:    |H without t| >= quorum(voters)
- removing `t`:       |H| >= quorum(voters) and |H without t| >= quorum(voters without t)
- adding a learner:   |H| >= quorum(voters + 1), or a single voter: etcd refuses anything less, because it counts the
                      new member as one that is down (mayAddMember in server/etcdserver/server.go since 3.5.30, 3.6.11)
- promoting `t`:      |H| >= quorum(voters) and |H with t| >= quorum(voters with t), and `t` has caught up

An unknown fact never counts as healthy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from etcd_ops.model.facts import ClusterFacts, EndpointFacts

APPLIED_LAG_BOUND = 1000
"""Raft entries a healthy voter may be behind when another is disturbed; a tenth of etcd's default snapshot-count."""
PROMOTION_LAG_BOUND = 100
"""Raft entries a learner may be behind when promoted; etcd itself only asks for 90 % of the leader's index
(server/etcdserver/server.go, readyPercentThreshold)."""


FULL = "NOSPACE"
"""The alarm of a full database. etcd refuses writes then, and still changes its members: repairs go on, since the way
out may need the member that is being repaired."""


class Action(Enum):
    TAKE_DOWN = "take-down"
    REMOVE = "remove"
    ADD_LEARNER = "add-learner"
    PROMOTE = "promote"
    FINISH = "finish"
    """A step that stops nobody: enabling or cancelling a downgrade, disarming an alarm."""


class Code(str, Enum):
    """Names of the gate's reasons: what break-glass can be given for."""

    MEMBERS_UNKNOWN = "members-unknown"
    QUORUM_BEFORE = "quorum-before"
    QUORUM_AFTER = "quorum-after"
    OUTAGE = "outage-not-allowed"
    DISAGREEMENT = "disagreement"
    ALARM = "alarm"
    LAG = "lag"
    OTHER_UNHEALTHY = "other-unhealthy"
    OTHER_ZONE = "other-zone"
    LEARNER_PRESENT = "learner-present"
    NOT_CAUGHT_UP = "not-caught-up"
    FORBIDDEN_TARGET = "forbidden-target"


NEVER_WAIVED = frozenset({Code.MEMBERS_UNKNOWN, Code.QUORUM_AFTER, Code.FORBIDDEN_TARGET})
"""Reasons that break-glass cannot set aside for membership changes: they would lose data, not only service."""


@dataclass(frozen=True, slots=True)
class Reason:
    code: Code
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One disturbance somebody wants to cause."""

    action: Action
    target: int
    """Member ID; 0 for a learner that is yet to be added."""
    optional: bool = False
    """It can wait without harm (upgrade, configuration, defragmentation): other dead voters forbid it."""
    clears_alarm: bool = False
    """It is the way out of an alarm (a raised quota, disarming): alarms do not forbid it."""
    allow_outage: bool = False
    """The declaration accepts that a cluster of one or two voters stops."""
    waived: frozenset[str] = frozenset()
    """Reason codes an operator broke the glass for."""


def quorum(voters: int) -> int:
    """Votes that `voters` voters need."""
    return voters // 2 + 1


def healthy_voters(cluster: ClusterFacts) -> frozenset[int]:
    """IDs of listed voters that served a linearizable read themselves."""
    listed = {member.member_id for member in cluster.members or () if not member.learner}
    return frozenset(
        facts.member_id for facts in cluster.endpoints.values() if facts.healthy and facts.member_id in listed
    )


def judge(request: Request, cluster: ClusterFacts, zones: dict[int, str]) -> Verdict:
    """Decide whether `request` may go ahead.

    Args:
        request: what is to be done to whom.
        cluster: the live cluster as observed just now.
        zones: zone by member ID, for the members that are declared.
    """
    if cluster.members is None:
        return Verdict(False, (Reason(Code.MEMBERS_UNKNOWN, "no member answered a linearizable member list"),))
    voters = frozenset(member.member_id for member in cluster.members if not member.learner)
    healthy = healthy_voters(cluster)
    reasons = [
        *_quorum_reasons(request, voters, healthy),
        *_target_reasons(request, cluster, voters),
        *_disagreements(cluster),
        *_alarm_reasons(request, cluster),
        *_lag_reasons(request, cluster),
        *_other_member_reasons(request, voters, healthy, zones),
    ]
    kept = tuple(reason for reason in reasons if not _waived(request, reason))
    return Verdict(not kept, kept)


def _waived(request: Request, reason: Reason) -> bool:
    if request.action is not Action.TAKE_DOWN and reason.code in NEVER_WAIVED:
        return False
    return reason.code.value in request.waived


def _quorum_reasons(request: Request, voters: frozenset[int], healthy: frozenset[int]) -> list[Reason]:
    before, reasons = quorum(len(voters)), []
    if request.action is Action.TAKE_DOWN:
        return _outage_reasons(request, voters, healthy)
    if request.action is Action.ADD_LEARNER and len(voters) > 1:
        before = quorum(len(voters) + 1)
    if len(healthy) < before:
        text = f"{len(healthy)} of {len(voters)} voters are proven healthy, {before} are needed"
        reasons.append(Reason(Code.QUORUM_BEFORE, text))
    voters_after, healthy_after = voters, healthy
    if request.action is Action.REMOVE:
        voters_after, healthy_after = voters - {request.target}, healthy - {request.target}
    if request.action is Action.PROMOTE:
        voters_after, healthy_after = voters | {request.target}, healthy | {request.target}
    after = quorum(len(voters_after))
    if len(healthy_after) < after:
        text = f"afterwards {len(healthy_after)} of {len(voters_after)} voters would be healthy, {after} are needed"
        reasons.append(Reason(Code.QUORUM_AFTER, text))
    return reasons


def _outage_reasons(request: Request, voters: frozenset[int], healthy: frozenset[int]) -> list[Reason]:
    if request.target not in voters:
        return []
    needed, left = quorum(len(voters)), len(healthy - {request.target})
    if left >= needed:
        return []
    if len(voters) <= 2:
        if request.allow_outage:
            return []
        text = f"a cluster of {len(voters)} stops with its member: declare allowOutage, or grow to three first"
        return [Reason(Code.OUTAGE, text)]
    return [Reason(Code.QUORUM_AFTER, f"without it {left} of {len(voters)} voters are healthy, {needed} are needed")]


def _target_reasons(request: Request, cluster: ClusterFacts, voters: frozenset[int]) -> list[Reason]:
    learners = {member.member_id for member in cluster.members or () if member.learner}
    if request.action is Action.ADD_LEARNER and learners:
        return [Reason(Code.LEARNER_PRESENT, "another learner is still joining")]
    if request.action is Action.REMOVE and request.target not in voters | learners:
        return [Reason(Code.FORBIDDEN_TARGET, f"{request.target:x} is not a member")]
    if request.action is Action.REMOVE and voters == {request.target}:
        return [Reason(Code.FORBIDDEN_TARGET, "it is the last voter")]
    if request.action is Action.PROMOTE:
        return _promotion_reasons(request, cluster, learners)
    return []


def _promotion_reasons(request: Request, cluster: ClusterFacts, learners: set[int]) -> list[Reason]:
    if request.target not in learners:
        return [Reason(Code.FORBIDDEN_TARGET, f"{request.target:x} is not a learner")]
    facts = _by_member(cluster).get(request.target)
    ahead = max((each.raft_index for each in cluster.endpoints.values()), default=0)
    if facts is None:
        return [Reason(Code.NOT_CAUGHT_UP, "the learner does not answer")]
    if ahead - facts.applied_index > PROMOTION_LAG_BOUND:
        return [Reason(Code.NOT_CAUGHT_UP, f"the learner is {ahead - facts.applied_index} entries behind")]
    return []


def _by_member(cluster: ClusterFacts) -> dict[int, EndpointFacts]:
    return {facts.member_id: facts for facts in cluster.endpoints.values()}


def _disagreements(cluster: ClusterFacts) -> list[Reason]:
    """The same cluster ID, member list and leader from every healthy endpoint."""
    healthy = [facts for facts in cluster.endpoints.values() if facts.healthy]
    reasons = []
    if len({facts.cluster_id for facts in healthy}) > 1:
        reasons.append(Reason(Code.DISAGREEMENT, "members answer with different cluster IDs"))
    if len({facts.leader_id for facts in healthy}) > 1 or any(facts.leader_id == 0 for facts in healthy):
        reasons.append(Reason(Code.DISAGREEMENT, "members do not agree on one leader"))
    lists = {frozenset((m.member_id, m.learner) for m in facts.members) for facts in healthy if facts.members}
    if len(lists) > 1:
        reasons.append(Reason(Code.DISAGREEMENT, "members answer with different member lists"))
    return reasons


def _alarm_reasons(request: Request, cluster: ClusterFacts) -> list[Reason]:
    if request.clears_alarm:
        return []
    if cluster.alarms is None:
        return [Reason(Code.ALARM, "alarms could not be read")]
    return [
        Reason(Code.ALARM, f"{kind} is raised by {member:x}")
        for member, kind in sorted(cluster.alarms)
        if request.optional or kind != FULL
    ]


def _lag_reasons(request: Request, cluster: ClusterFacts) -> list[Reason]:
    if request.action not in (Action.TAKE_DOWN, Action.REMOVE):
        return []
    ahead = max((facts.raft_index for facts in cluster.endpoints.values()), default=0)
    return [
        Reason(Code.LAG, f"{slot} is {ahead - facts.applied_index} raft entries behind")
        for slot, facts in sorted(cluster.endpoints.items())
        if facts.healthy and facts.member_id != request.target and ahead - facts.applied_index > APPLIED_LAG_BOUND
    ]


def _other_member_reasons(
    request: Request, voters: frozenset[int], healthy: frozenset[int], zones: dict[int, str]
) -> list[Reason]:
    if request.action is not Action.TAKE_DOWN or request.target not in healthy:
        return []
    ailing = sorted(voters - healthy - {request.target})
    if request.optional and ailing:
        names = ", ".join(f"{member:x}" for member in ailing)
        return [Reason(Code.OTHER_UNHEALTHY, f"not proven healthy: {names}; this step can wait for them")]
    elsewhere = {zones.get(member, "unknown") for member in ailing} - {zones.get(request.target, "unknown")}
    if elsewhere:
        return [Reason(Code.OTHER_ZONE, f"zone {', '.join(sorted(elsewhere))} is already disturbed")]
    return []
