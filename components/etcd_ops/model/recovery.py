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
    voteless: bool = False
    """Nothing can be made of its data if it has no vote, and it is not known to have one."""

    def text(self) -> str:
        """The candidate for people."""
        vote = ", not known to have a vote" if self.voteless else ""
        return f"{self.slot} (raft index {self.raft_index}, revision {self.revision}{vote})"


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

    def _choice(self) -> str:
        if any(each.voteless for each in self.candidates if each.slot == self.survivor):
            return "nobody is known to have a vote; if it has none, the incarnation is not made, and its agent says so"
        return "of those known to have a vote, it has the most entries"

    def lines(self) -> list[str]:
        """The plan for people."""
        if self.refusals:
            return [f"refused: {refusal}" for refusal in self.refusals]
        overrides = "".join(f" --override {slot}" for slot in self.silent)
        shown = [each.text() for each in self.candidates]
        return [
            f"members with data: {', '.join(shown)}",
            f"survivor: {self.survivor}: {self._choice()}; what only lost members had acknowledged is gone",
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
        return RecoveryPlan(
            incarnation=incarnation, refusals=("no agent reports a member with data: restore a backup",)
        )
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
    """It has data, and is not known to be a learner: a cluster of one learner has no voter."""
    return status.has_data and status.role is not Role.LEARNER


def _candidate(status: MemberStatus) -> Candidate:
    return Candidate(slot=status.slot, raft_index=status.raft_index, revision=status.revision, voteless=status.voteless)


def _longest(candidate: Candidate) -> tuple[bool, int, int, str]:
    return (candidate.voteless, -candidate.raft_index, -candidate.revision, candidate.slot)
