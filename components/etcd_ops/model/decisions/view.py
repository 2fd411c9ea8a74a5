"""Values derived from one set of facts, shared by the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from etcd_ops.model.facts import ChannelFacts, EndpointFacts, Facts, Identity, Launch, ListedMember, Target
from etcd_ops.model.gate import Action, Request, Verdict, healthy_voters, judge, quorum
from etcd_ops.model.migration import origin_name
from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.spec import ClusterSpec, Desired, MemberSpec, Mode
from etcd_ops.model.status import Attestation, State
from etcd_ops.model.steps import Step
from etcd_ops.model.versions import Running, line_of

ANOTHER_VOLUME = "give the slot another volume, or declare another slot and drop this one"
"""The way out where a volume can never serve again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an agent does next, and what it says of its member meanwhile."""

    step: Step | None
    state: State
    reason: str = ""
    attestation: Attestation | None = None
    yields: bool = False
    """Rules after this one may act first: what they do may be what this one waits for."""
    refused: str = ""
    """Why the channel's document is not acted on; empty where it is."""
    failed: str = ""
    """Digest of the document that was tried here and cannot be carried out; empty where there is none."""


def hold(reason: str, state: State = State.HELD) -> Decision:
    """Do nothing until something named in `reason` changes."""
    return Decision(None, state, reason)


def wait(reason: str) -> Decision:
    """Do nothing now; a step of this or another agent is under way."""
    return Decision(None, State.WORKING, reason)


def take(step: Step, state: State = State.WORKING) -> Decision:
    """Take one step."""
    return Decision(step, state, step.reason)


class View:
    """The facts of one decision, with what follows from them. Rules only read it."""

    def __init__(self, facts: Facts, channel: ChannelFacts, desired: Desired, spec: ClusterSpec) -> None:
        self.facts = facts
        self.channel = channel
        self.desired = desired
        self.spec = spec
        self.slot = facts.slot
        self.formation: FormationRecord | None = channel.formation

    @cached_property
    def member(self) -> MemberSpec | None:
        """This slot's declaration; None where it was dropped."""
        return self.spec.members.get(self.slot)

    @cached_property
    def endpoint(self) -> EndpointFacts | None:
        """What this agent's own member answered."""
        return self.facts.cluster.endpoints.get(self.slot)

    @cached_property
    def healthy(self) -> bool:
        """This agent's own member is proven healthy."""
        return self.endpoint is not None and self.endpoint.healthy

    @cached_property
    def listed(self) -> ListedMember | None:
        """This slot's entry in the linearizable member list; None where there is none, or no list."""
        return next((each for each in self.facts.cluster.members or () if self.slot_of(each) == self.slot), None)

    def slot_of(self, listed: ListedMember) -> str | None:
        """The slot an entry belongs to: by peer URL, declared, started or to be; None for a member nobody declared."""
        for slot, member in self.spec.members.items():
            if member.peer_url in listed.peer_urls:
                return slot
        return next((slot for slot, url in self.former.items() if url in listed.peer_urls), None)

    @cached_property
    def former(self) -> dict[str, str]:
        """By slot that was started, or is to be, declared any more or not: its peer URL."""
        started = self.formation.started if self.formation else {}
        founders = self.formation.founders if self.formation else {}
        former = founders | {slot: entry.peer_url for slot, entry in started.items()}
        return former if self.own_start is None else {self.slot: self.own_start.peer_url, **former}

    def name_of(self, listed: ListedMember) -> str:
        """The slot of an entry, or else its name among the origin's members, or else etcd's own."""
        return self.slot_of(listed) or origin_name(self.spec, listed) or listed.name

    @cached_property
    def own_start(self) -> Started | None:
        """The start on this volume, where only the volume remembers it: the record was rolled back."""
        memory, volume = self.facts.memory, self.facts.volume
        if self.formation is None or self.slot in self.formation.started or volume is None or not memory.formation:
            return None
        known = FormationRecord.decode(memory.formation)
        entry = known.started.get(self.slot)
        return entry if entry is not None and entry.volume_id == volume.volume_id else None

    @cached_property
    def zones(self) -> dict[int, str]:
        """Zone by member ID, for listed members of declared slots."""
        found: dict[int, str] = {}
        for each in self.facts.cluster.members or ():
            slot = self.slot_of(each)
            if slot is not None and slot in self.spec.members:
                found[each.member_id] = self.spec.members[slot].zone
        return found

    @cached_property
    def forming(self) -> bool:
        """There is no cluster yet that could depend on anything."""
        return self.formation is None or self.formation.state is not FormationState.FORMED

    @cached_property
    def voters(self) -> frozenset[int]:
        """IDs of the listed voters."""
        return frozenset(each.member_id for each in self.facts.cluster.members or () if not each.learner)

    @cached_property
    def healthy_ids(self) -> frozenset[int]:
        """IDs of the voters proven healthy: H of the safety gate."""
        return healthy_voters(self.facts.cluster)

    @cached_property
    def has_quorum(self) -> bool:
        """A quorum of voters is proven healthy."""
        return bool(self.voters) and len(self.healthy_ids) >= quorum(len(self.voters))

    @cached_property
    def leader_id(self) -> int:
        """As healthy members say; 0 where none does."""
        return next((each.leader_id for each in self.facts.cluster.endpoints.values() if each.healthy), 0)

    @cached_property
    def running(self) -> Running:
        """The versions of the live cluster."""
        answers = self.facts.cluster.endpoints.values()
        return Running.read(
            cluster=self._cluster_version,
            members=[each.version for each in answers],
            storage=[each.storage_version for each in answers],
            downgrading=next((each.downgrading for each in answers if each.downgrading), ""),
        )

    @property
    def _cluster_version(self) -> str:
        """As the own member says; where it does not, the newest that the others say of theirs."""
        if self.facts.cluster.cluster_version:
            return self.facts.cluster.cluster_version
        peers = (peer.status.cluster_version for peer in self.channel.statuses.values() if peer.fresh)
        told = [line for text in peers if (line := line_of(text)) is not None]
        if not told and (self.foreign or self.spec.migration is not None):
            # Whoever runs it need not have the declared health listener.
            answers = self.facts.cluster.endpoints.values()
            told = sorted(line for each in answers if (line := line_of(each.version)) is not None)[:1]
        return str(max(told)) if told else ""

    @cached_property
    def identity(self) -> Identity | None:
        """Of the data on this volume."""
        return self.facts.volume.identity if self.facts.volume else None

    @cached_property
    def member_id(self) -> int:
        """As its own member answers, or as its data says; 0 where neither is known."""
        if self.endpoint is not None:
            return self.endpoint.member_id
        return self.identity.member_id if self.identity is not None else 0

    @cached_property
    def fallback(self) -> Launch | None:
        """The launch to go back to: the last good one, if it was for this very data, and believes who issues now."""
        good = self.facts.volume.good if self.facts.volume else None
        fits = good is not None and good.expected == self.identity and good.incarnation == self.spec.incarnation
        return good if good is not None and fits and self._believes_issuers(good) else None

    def _believes_issuers(self, launch: Launch) -> bool:
        """With this launch the member would not cut itself off: it believes whoever issued what others present."""
        declared = {"peer": self.spec.trust.peer, "client": self.spec.trust.client}
        return all(
            trust.authorities[str(trust.issuer)] in launch.trusted.get(domain, ()) or not self._presented(domain)
            for domain, trust in declared.items()
        )

    def _presented(self, domain: str) -> bool:
        """Whether any other member may present a declared leaf of this domain. Silence proves nothing."""
        uses = {"peer": ("peer",), "client": ("server", "agent")}[domain]
        others = {slot: member.certificates for slot, member in self.spec.members.items() if slot != self.slot}
        for slot, declared in others.items():
            peer = self.channel.statuses.get(slot)
            if peer is None or not peer.fresh:
                return True
            shown = {use: report.fingerprint for use, report in peer.status.certificates.items()}
            if any(shown.get(use) in (None, getattr(declared, use)) for use in uses):
                return True
        return False

    @cached_property
    def foreign(self) -> bool:
        """Somebody else runs this volume's member: it answers, though its own runtime has not started it."""
        process, identity = self.facts.process, self.identity
        if process is None or process.running or identity is None or self.endpoint is None:
            return False
        return (self.endpoint.cluster_id, self.endpoint.member_id) == (identity.cluster_id, identity.member_id)

    @cached_property
    def needs_restart(self) -> bool:
        """The process runs with another configuration or program than is declared."""
        target, volume = self.facts.target, self.facts.volume
        if target is None or volume is None:
            return False
        if self.foreign:
            return True
        return (volume.running_digest, volume.running_binary) != (
            target.configuration_digest,
            target.binary_sha256,
        )

    @property
    def paused(self) -> bool:
        """Nothing is done that changes a member."""
        return self.desired.mode is Mode.PAUSED or self.channel.controls.paused

    @property
    def outdated_pod(self) -> bool:
        """The member runs in another pod than is declared."""
        return self.member is not None and self.facts.template not in ("", self.member.template)

    @property
    def outdated_agent_pod(self) -> bool:
        """The agent runs in another pod, or in another image, than is declared for it alone."""
        return self.member is not None and self.facts.agent_template not in ("", self.member.agent_template)

    @property
    def program_comes_with_another_pod(self) -> bool:
        """The pod that brings the program, which is the agent's where it has one of its own, is to be made anew."""
        return self.outdated_agent_pod if self.facts.agent_apart else self.outdated_pod

    @cached_property
    def target_failed(self) -> bool:
        """This document was tried on this member and taken back."""
        return self.facts.memory.failed_digest == self.desired.digest

    def staged(self, target: Target) -> bool:
        """The next start would already use `target`, for this incarnation."""
        launch = self.facts.volume.launch if self.facts.volume else None
        return launch is not None and (
            launch.configuration_digest,
            launch.binary_sha256,
            launch.incarnation,
        ) == (
            target.configuration_digest,
            target.binary_sha256,
            self.spec.incarnation,
        )

    def request(self, action: Action, target: int, *, optional: bool = False, clears_alarm: bool = False) -> Request:
        """A request to the gate, with what the declaration and operators allow for this slot."""
        epoch = self.facts.lock.record.epoch if self.facts.lock.record else 0
        waived = {each.reason for each in self.channel.controls.break_glass if each.epoch >= epoch}
        return Request(
            action=action,
            target=target,
            optional=optional,
            clears_alarm=clears_alarm,
            allow_outage=self.spec.allow_outage,
            waived=frozenset(waived),
        )

    def verdict(self, request: Request) -> Verdict:
        """The gate's answer to `request`."""
        return judge(request, self.facts.cluster, self.zones)
