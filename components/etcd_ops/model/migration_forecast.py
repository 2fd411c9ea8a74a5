"""What a migration does, step by step, if nothing fails meanwhile: pure, by the choice and the gate of the agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etcd_ops.model.facts import ClusterFacts, EndpointFacts, ListedMember
from etcd_ops.model.gate import Action, Request, healthy_voters, judge, quorum
from etcd_ops.model.migration import Move, MoveKind, next_move
from etcd_ops.model.spec import ClusterSpec, MigrationPhase

_ACTIONS = {
    MoveKind.ADD: Action.ADD_LEARNER,
    MoveKind.PROMOTE: Action.PROMOTE,
    MoveKind.HAND_OVER: Action.FINISH,
    MoveKind.REMOVE: Action.REMOVE,
}
LONGEST = 64
"""Moves: far more than any two sides have."""


@dataclass(frozen=True, slots=True)
class Votes:
    """How a cluster stands with its quorum."""

    voters: int
    healthy: int

    @property
    def needed(self) -> int:
        """Voters that a decision needs."""
        return quorum(self.voters)


@dataclass(frozen=True, slots=True)
class Taken:
    """One move, and the votes around it."""

    phase: MigrationPhase
    move: Move
    before: Votes
    after: Votes


@dataclass(frozen=True, slots=True)
class Forecast:
    """A sequence of moves, and where it ends."""

    moves: tuple[Taken, ...]
    cluster: ClusterFacts
    blocked: str = ""
    """Why it cannot go on; empty where it is complete."""


def forecast(spec: ClusterSpec, cluster: ClusterFacts, phases: Sequence[MigrationPhase]) -> Forecast:
    """Follow the agents' choice through `phases`.

    Args:
        spec: what is declared, a migration among it.
        cluster: the live cluster, with its origin's members under their names.
        phases: in the order in which they are declared.
    """
    found = Forecast((), cluster)
    for phase in phases:
        found = _followed(_in(spec, phase), found, phase)
        if found.blocked:
            return found
    return found


def _in(spec: ClusterSpec, phase: MigrationPhase) -> ClusterSpec:
    assert spec.migration is not None
    return spec.model_copy(update={"migration": spec.migration.model_copy(update={"phase": phase})})


def _followed(spec: ClusterSpec, found: Forecast, phase: MigrationPhase) -> Forecast:
    moves, cluster = list(found.moves), found.cluster
    for _ in range(LONGEST):
        coming = next_move(spec, cluster)
        if coming.move is None:
            return Forecast(tuple(moves), cluster, coming.waits or coming.holds)
        if reason := _refused(coming.move, cluster):
            return Forecast(tuple(moves), cluster, f"{coming.move.kind.value} {coming.move.name}: {reason}")
        after = applied(cluster, coming.move)
        moves.append(Taken(phase, coming.move, _votes(cluster), _votes(after)))
        cluster = after
    return Forecast(tuple(moves), cluster, "it does not come to an end")


def _refused(move: Move, cluster: ClusterFacts) -> str:
    verdict = judge(Request(_ACTIONS[move.kind], move.member_id), cluster, {})
    return "; ".join(each.text for each in verdict.reasons)


def _votes(cluster: ClusterFacts) -> Votes:
    voters = [each for each in cluster.members or () if not each.learner]
    return Votes(len(voters), len(healthy_voters(cluster)))


def applied(cluster: ClusterFacts, move: Move) -> ClusterFacts:
    """The cluster once a move is made, and whoever joined has caught up."""
    members = cluster.members or ()
    if move.kind is MoveKind.ADD:
        added = ListedMember(1 + max(each.member_id for each in members), move.name, (move.peer_url,), learner=True)
        endpoint = _caught_up(cluster, added.member_id)
        return _with(cluster, (*members, added), {**cluster.endpoints, move.name: endpoint})
    if move.kind is MoveKind.PROMOTE:
        promoted = tuple(replace(each, learner=each.learner and each.member_id != move.member_id) for each in members)
        endpoints = {name: _promoted(each, move.member_id) for name, each in cluster.endpoints.items()}
        return _with(cluster, promoted, endpoints)
    if move.kind is MoveKind.HAND_OVER:
        return _with(cluster, members, _led(cluster.endpoints, move.member_id))
    left = tuple(each for each in members if each.member_id != move.member_id)
    endpoints = {name: each for name, each in cluster.endpoints.items() if each.member_id != move.member_id}
    return _with(cluster, left, endpoints)


def _with(
    cluster: ClusterFacts, members: tuple[ListedMember, ...], endpoints: dict[str, EndpointFacts]
) -> ClusterFacts:
    """Everybody who answers knows the new members."""
    told = {name: replace(each, members=None) for name, each in endpoints.items()}
    return replace(cluster, members=members, endpoints=told)


def _caught_up(cluster: ClusterFacts, member_id: int) -> EndpointFacts:
    healthy = next(each for each in cluster.endpoints.values() if each.healthy)
    ahead = max(each.raft_index for each in cluster.endpoints.values())
    return replace(
        healthy, member_id=member_id, healthy=False, learner=True, raft_index=ahead, applied_index=ahead, members=None
    )


def _promoted(facts: EndpointFacts, member_id: int) -> EndpointFacts:
    return replace(facts, learner=False, healthy=True) if facts.member_id == member_id else facts


def _led(endpoints: dict[str, EndpointFacts], leader: int) -> dict[str, EndpointFacts]:
    return {name: replace(each, leader_id=leader) for name, each in endpoints.items()}
