"""Planning the recovery from a lost quorum: pure."""

from __future__ import annotations

from etcd_ops.model.document import Tolerant
from etcd_ops.model.facts import ChannelFacts, ClusterFacts
from etcd_ops.model.status import MemberStatus, Role


class Candidate(Tolerant):
    """A member whose data is there."""

    slot: str
    raft_index: int
    revision: int


class RecoveryPlan(Tolerant):
    """What to declare and to execute."""

    incarnation: int
    survivor: str = ""
    candidates: tuple[Candidate, ...] = ()
    lost: tuple[str, ...] = ()
    """Slots whose disk is there and empty."""
    silent: tuple[str, ...] = ()
    """Slots whose agent says nothing: prove them stopped, or override them."""
    peer_generation: int = 0
    client_generation: int = 0
    refusals: tuple[str, ...] = ()

    def _declaration(self) -> str:
        trusts = f"peer trust generation {self.peer_generation} and client trust generation {self.client_generation}"
        return f"incarnation {self.incarnation}, with {trusts} alone (generations and issuer)"

    def lines(self) -> list[str]:
        """The plan for people."""
        if self.refusals:
            return [f"refused: {refusal}" for refusal in self.refusals]
        overrides = "".join(f" --override {slot}" for slot in self.silent)
        shown = [f"{each.slot} (raft index {each.raft_index}, revision {each.revision})" for each in self.candidates]
        return [
            f"members with data: {', '.join(shown)}",
            f"survivor: {self.survivor}: it has the most entries; what only lost members had acknowledged is gone",
            f"1. declare {self._declaration()}, and run `pulumi up`",
            f"2. etcd-ops recover execute --survivor {self.survivor}{overrides}",
            "3. give clients the new CA bundle and certificates",
            *(
                f"outside the guarantee: {slot} is silent; with --override you vouch that it never runs again"
                for slot in self.silent
            ),
        ]


def plan_recovery(channel: ChannelFacts, cluster: ClusterFacts) -> RecoveryPlan:
    """Choose the survivor with the longest log, and say what is at risk."""
    formation, spec = channel.formation, channel.spec
    if formation is None or spec is None:
        return RecoveryPlan(incarnation=0, refusals=("the channel holds no formation record or no declaration",))
    incarnation = formation.incarnation + 1
    if cluster.members is not None:
        return RecoveryPlan(incarnation=incarnation, refusals=("a quorum answers: there is nothing to recover",))
    statuses = {slot: channel.statuses[slot] for slot in formation.started if slot in channel.statuses}
    fresh = {slot: peer.status for slot, peer in statuses.items() if peer.fresh}
    candidates = sorted((_candidate(each) for each in fresh.values() if _may_survive(each)), key=_longest)
    if not candidates:
        return RecoveryPlan(incarnation=incarnation, refusals=("no agent reports a voter with data: restore a backup",))
    return RecoveryPlan(
        incarnation=incarnation,
        survivor=candidates[0].slot,
        candidates=tuple(candidates),
        lost=tuple(sorted(slot for slot, each in fresh.items() if each.empty)),
        silent=tuple(sorted(set(formation.started) - set(fresh))),
        peer_generation=max(map(int, spec.trust.peer.authorities)) + 1,
        client_generation=max(map(int, spec.trust.client.authorities)) + 1,
    )


def _may_survive(status: MemberStatus) -> bool:
    """It has data with a vote, as far as is known: what is made of a learner's, or a removed member's, has no voter."""
    return status.has_data and status.role is not Role.LEARNER and not status.voteless


def _candidate(status: MemberStatus) -> Candidate:
    return Candidate(slot=status.slot, raft_index=status.raft_index, revision=status.revision)


def _longest(candidate: Candidate) -> tuple[int, int, str]:
    return (-candidate.raft_index, -candidate.revision, candidate.slot)
