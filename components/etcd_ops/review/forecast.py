"""What happens to each member in which order, the votes meanwhile, and the times without an acknowledged write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etcd_ops.model.topology import order_of_change, quorum
from etcd_ops.review.clusters import Case
from etcd_ops.review.disturbances import DISTURBING, disturbed, losses, members_of
from etcd_ops.review.peer_ways import leaves_peers_apart, parts_peers
from etcd_ops.review.preview import Change
from etcd_ops.review.result import MemberForecast, QuorumForecast, Votes
from etcd_ops.review.rolls import Roll, rolls

FIGURES = "docs/benchmarks.md, “What clients see”"
"""Where measured times stand."""
AGENTS, ENGINE = "agents", "engine"


def quorum_forecast(case: Case) -> QuorumForecast:
    """Votes before, at the worst moment and after, if every member is healthy that nothing disturbs.

    Members that somebody else runs vote in a migration, and a preview does not tell which of them are left.
    """
    if any(spec is not None and spec.migration is not None for spec in (case.old, case.new)):
        return QuorumForecast()
    before = _all_up(len(case.old.members)) if case.old is not None else None
    after = _all_up(len(case.new.members), apart=leaves_peers_apart(case)) if case.new is not None else None
    return QuorumForecast(before=before, during=_during(case), after=after)


def _all_up(voters: int, *, apart: bool = False) -> Votes:
    return Votes(voters=voters, needed=quorum(voters), up=0 if apart else voters)


def _during(case: Case) -> Votes | None:
    if case.old is None or (case.new is None and not case.is_retired):
        return None
    voters = len(case.old.members)
    by_agents = 1 if any(roll.takes_down for roll in rolls(case)) else 0
    by_engine = voters if case.is_retired or parts_peers(case) else len(disturbed(case))
    return Votes(voters=voters, needed=quorum(voters), up=max(0, voters - max(by_agents, by_engine)))


def member_forecasts(case: Case) -> tuple[MemberForecast, ...]:
    """Every member: those that are taken down in their order, those that join, those that leave, and the others."""
    by_slot = {roll.slot: roll for roll in rolls(case)}
    turns = _turns(case, by_slot)
    found = [_forecast(case, slot, turns, by_slot.get(slot)) for slot in sorted(case.slots)]
    return tuple(sorted(found, key=lambda each: _place(case, each)))


def _place(case: Case, member: MemberForecast) -> tuple[bool, int, bool, bool, str]:
    """Nobody leaves before all that join have a vote, and those that leave do so by name."""
    dropped = member.slot in case.dropped
    return (member.turn == 0, member.turn, not member.happens, dropped, member.slot)


def _turns(case: Case, by_slot: Mapping[str, Roll]) -> dict[str, int]:
    """Who leads is not known in a preview: the leader's zone comes last, whichever it is then."""
    spec = case.new or case.old
    if spec is None:
        return {}
    zones = {slot: spec.members[slot].zone for slot, roll in by_slot.items() if roll.takes_down}
    return {slot: number for number, slot in enumerate(order_of_change(zones, None), 1)}


def _forecast(case: Case, slot: str, turns: Mapping[str, int], roll: Roll | None) -> MemberForecast:
    member = next(spec.members[slot] for spec in (case.new, case.old) if spec is not None and slot in spec.members)
    engine = tuple(_by_engine(case, slot))
    agents = (*_membership(case, slot), *(_by_agents(roll) if roll is not None else ()))
    growth = tuple(_volume(case, slot))
    return MemberForecast(
        slot=slot,
        zone=member.zone,
        turn=turns.get(slot, 0),
        by=ENGINE if engine else AGENTS if agents else "",
        happens=(*engine, *agents, *growth),
    )


def _by_engine(case: Case, slot: str) -> Iterator[str]:
    """What takes it down without asking the gate."""
    if slot not in disturbed(case):
        return
    going = [loss for loss in losses(case) if loss.kind.stake in DISTURBING and slot in members_of(case, loss)]
    verbs = {Change.REPLACE: "replaces", Change.DELETE: "deletes"}
    yield from sorted(f"the engine {verbs.get(loss.step.change, 'changes')} {loss.kind.what}" for loss in going)
    if not going:
        yield "the engine takes its machine or its pod away"


def _membership(case: Case, slot: str) -> Iterator[str]:
    if case.is_retired:
        yield "is stopped: the cluster is taken down"
    elif case.is_new:
        yield "is started, and forms the cluster with the others"
    elif case.old is not None and case.new is not None and slot not in case.old.members:
        yield "joins as a learner, catches up, and is promoted"
    elif slot in case.dropped and case.new is not None:
        yield "is removed from the cluster; its resources are deleted afterwards"


def _by_agents(roll: Roll) -> Iterator[str]:
    if roll.leaves:
        yield f"takes new certificates without a restart: {', '.join(roll.leaves)}"
    if roll.unexplained:
        yield f"may get other certificates, which are not known: {', '.join(roll.unexplained)}"
    if roll.restarts:
        yield f"restarts: {'; '.join(roll.restarts)}"
    if roll.moves:
        anew = f": {', '.join(roll.anew)}" if roll.anew else ""
        yield f"its pod or machine is made anew, with the same volume{anew}"
    if roll.agent_moves:
        yield "its agent is started anew, etcd runs on"
    if roll.agent:
        yield f"its agent hands over to release {roll.agent}, etcd runs on"


def _volume(case: Case, slot: str) -> Iterator[str]:
    if case.old is None or case.new is None or slot not in case.staying:
        return
    before, after = case.old.members[slot].volume_bytes, case.new.members[slot].volume_bytes
    if before != after:
        yield f"its volume becomes {gibibytes(after)} instead of {gibibytes(before)}"


def gibibytes(size: float) -> str:
    """A size for people."""
    return f"{size / 2**30:g} GiB"


def gaps(case: Case) -> tuple[str, ...]:
    """Times without an acknowledged write that are to be expected, and why. How long they take is not in a preview."""
    return tuple(_gaps(case))


def _gaps(case: Case) -> Iterator[str]:
    if case.old is None or case.is_new:
        return
    if case.is_retired:
        yield "from here on: nobody serves any more"
        return
    votes = quorum_forecast(case).during
    taken, timeout = disturbed(case), case.old.etcd.election_timeout_ms
    if votes is not None and not votes.hold:
        yield f"while fewer than {votes.needed} of {votes.voters} voters serve: nothing is written or read"
    if taken:
        yield (
            f"where the engine takes the leader down, it hands over to nobody: an election begins after one to two "
            f"election timeouts ({timeout} ms to {2 * timeout} ms); {FIGURES}, leader killed"
        )
    if any(roll.takes_down for roll in rolls(case)) and votes is not None and votes.hold:
        yield f"one hand-over of the leadership, before the leader's own restart; {FIGURES}, rolling restart"
    if case.new is not None and case.dropped:
        yield f"a hand-over of the leadership for every dropped member that leads; {FIGURES}, rolling restart"
