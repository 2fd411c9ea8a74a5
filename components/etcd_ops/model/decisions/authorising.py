"""Whether a document may be acted on: every agent judges for itself, whoever wrote it into the channel.

What Rollout would refuse, agents refuse as well, with what they observe; never more than that, or a declaration that
was accepted would get stuck. So a transition is only refused where both what statuses tell (Rollout's view) and what
this agent sees forbid it, and what is unknown refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from etcd_ops.model.decisions.standing import start_intact
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import ChannelFacts, Facts, Memory
from etcd_ops.model.migration import origin_name, origin_voters
from etcd_ops.model.observed import Observed
from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.records import FormationState
from etcd_ops.model.spec import ClusterSpec, Desired, Mode, Unreadable, read_desired
from etcd_ops.model.steps import AcceptDocument
from etcd_ops.model.told import believed, of_declared, refusing, told
from etcd_ops.model.transitions import refusals
from etcd_ops.model.validation import parse
from etcd_ops.model.versions import LINES, Line, Version

Document = tuple[Desired, ClusterSpec]
"""A desired document and its body."""

_GROWING = ("etcd.", "renewal.")
"""Properties of which another release may know more than this one."""


def accepted_document(memory: Memory) -> Document | None:
    """The document in force here; None where there is none yet, or another release wrote it and this cannot read it."""
    try:
        return read_desired(memory.desired) if memory.desired else None
    except Unreadable:
        return None


def authorising_rule(facts: Facts) -> Decision | None:
    """Accept a document that is new here, or hold at the one before it; None for the one that is in force."""
    channel = facts.channel
    assert channel is not None and channel.desired is not None and channel.spec is not None
    desired, accepted = channel.desired, accepted_document(facts.memory)
    if accepted is not None and accepted[0].digest == desired.digest:
        return None
    problems = unauthorised(facts, channel, (desired, channel.spec))
    if not problems and accepted is None and (waits := _as_members_judge(facts, channel, desired)) is not None:
        return waits
    if not problems:
        reason = f"generation {desired.generation} may follow: it is in force here from now on"
        return take(AcceptDocument(slot=facts.slot, document=desired.encode(), reason=reason))
    text = f"generation {desired.generation}, written by {desired.owner}, is not acted on: "
    text += "; ".join(str(problem) for problem in problems) + ". Correct it, and run `pulumi up`"
    return replace(start_intact(facts, text) or hold(text), refused=text)


def _as_members_judge(facts: Facts, channel: ChannelFacts, desired: Desired) -> Decision | None:
    """Who has nothing to judge by goes by those whose members run: they know what was in force before.

    One whose status was just read for the first time may still be alive, and has a word in it.
    """
    others = [peer for slot, peer in channel.statuses.items() if slot != facts.slot and not peer.silent]
    judges = [peer for peer in others if peer.status.has_data]
    aware = [peer.status for peer in judges if peer.fresh and peer.status.seen_digest == desired.digest]
    if judges and not aware:
        return wait(f"waits for members to judge generation {desired.generation}")
    if against := refusing(aware, desired.digest):
        text = f"{', '.join(against)} do not act on generation {desired.generation}, written by {desired.owner}"
        return replace(hold(text), refused=text)
    return None


def unauthorised(facts: Facts, channel: ChannelFacts, document: Document) -> tuple[Problem, ...]:
    """Why the document may not be acted on; empty where it may."""
    desired, spec = document
    problems = _invalid(desired)
    if facts.agent_version != spec.agent.version:
        problems = tuple(each for each in problems if not _may_be_known(each, spec))
    return problems or tuple(_forbidden(facts, channel, document))


def _invalid(desired: Desired) -> tuple[Problem, ...]:
    """What a declarer would have been told."""
    try:
        parse(desired.body)
    except Invalid as invalid:
        return invalid.problems
    return ()


def _may_be_known(problem: Problem, spec: ClusterSpec) -> bool:
    """The release of the agent that is declared may know better, and could never take over if this one held."""
    if problem.path == "etcd.version":
        return _line(spec) is not None
    return problem.path == "members" or problem.path.startswith(_GROWING)


def _line(spec: ClusterSpec) -> Line | None:
    """Of the declared version; None where it is none."""
    try:
        return Version.parse(spec.etcd.version).line
    except ValueError:
        return None


def _forbidden(facts: Facts, channel: ChannelFacts, document: Document) -> Iterator[Problem]:
    desired, spec = document
    before = _predecessor(facts.memory, document)
    direct = before is not None and desired.parent == before[0].digest
    if before is not None and direct:
        yield from _taken_over(before[0], desired)
    body = before[1] if before is not None else None
    by_statuses = _told(channel, body)
    by_sight = _seen(View(facts, channel, desired, body or spec), by_statuses)
    by_statuses = replace(by_statuses, addresses=by_sight.addresses)
    # Members come and go while a document is carried out: it counts, too, who was declared when it was written.
    views = (by_sight, by_statuses, replace(by_statuses, members=None))
    found = [_refusals(body, spec, view, direct=direct) for view in views]
    certain = set.intersection(*({problem.path for problem in each} for each in found))
    if _line(spec) not in LINES:
        certain -= {"etcd.version"}
    yield from (each for each in found[0] if each.path in certain)


def _refusals(
    before: ClusterSpec | None, after: ClusterSpec, observed: Observed, *, direct: bool
) -> tuple[Problem, ...]:
    if before is None and not observed.formed:
        return ()
    return refusals(before, after, observed, direct=direct)


def _predecessor(memory: Memory, document: Document) -> Document | None:
    """What was in force here before, of the same forming; with the new trust where the cluster was retired since."""
    accepted = accepted_document(memory)
    if accepted is None or accepted[0].formation.token != document[0].formation.token:
        return None
    if accepted[0].mode is not Mode.RETIRING:
        return accepted
    # Its authorities went with the stack, and none of its processes runs: see `rollout.refusals.declared`.
    return accepted[0], accepted[1].model_copy(update={"trust": document[1].trust})


def _taken_over(before: Desired, after: Desired) -> Iterator[Problem]:
    if before.owner not in (after.owner, after.former_owner):
        reason = f"the cluster is {before.owner}'s"
        yield Problem("owner", reason, "declare that URN as formerOwner to take its cluster over")


def _told(channel: ChannelFacts, before: ClusterSpec | None) -> Observed:
    """As Rollout sees it; but whatever is unknown now says nothing of when the document was written.

    Neither whether there is a quorum, nor what members believe that cannot tell.
    """
    record = channel.formation
    formed = record is not None and record.state is not FormationState.CLOSED
    statuses = {slot: peer.status for slot, peer in channel.statuses.items()}
    found = told(record, statuses, before, formed=formed)
    telling = (status for status in of_declared(statuses, before) if status.trusted)
    return replace(found, believed=believed(telling))


def _seen(view: View, by_statuses: Observed) -> Observed:
    """What this agent sees itself, in the place of what others tell: they may have told it before the document."""
    cluster = view.facts.cluster
    ours = [each for each in cluster.members or () if origin_name(view.spec, each) is None]
    listed = {view.slot_of(each) or each.name: each for each in ours}
    origin = origin_voters(view.spec, cluster.members)
    sizes = [each.database_bytes for each in cluster.endpoints.values()]
    return replace(
        by_statuses,
        running=view.running,
        members=frozenset(listed) or None,
        origin=frozenset(origin) if origin is not None else None,
        learners=sum(each.learner for each in listed.values()) if listed else None,
        database_bytes=max(sizes, default=None),
        addresses={**by_statuses.addresses, **{slot: each.peer_urls for slot, each in listed.items()}},
    )
