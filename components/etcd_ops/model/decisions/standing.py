"""Rules for what an agent may know or not know: channel, document, volume. They come before all others."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.view import ANOTHER_VOLUME, Decision, View, hold, take, wait
from etcd_ops.model.facts import ChannelFacts, Facts, Memory, Outside, VolumeFacts
from etcd_ops.model.records import FormationRecord, FormationState
from etcd_ops.model.spec import Mode
from etcd_ops.model.status import State
from etcd_ops.model.steps import AcceptMarker, StartMember, TakeOver, WriteFormation

_ORDER = {FormationState.FORMING: 0, FormationState.FORMED: 1, FormationState.CLOSED: 2}


def volume_rule(facts: Facts) -> Decision | None:
    """Nothing is done on a volume that is not certainly this slot's."""
    if facts.volume is None:
        return hold("the data volume cannot be read")
    if facts.volume.marked:
        return None
    if facts.channel is not None and _accepted(facts.channel, facts.slot):
        return take(AcceptMarker(slot=facts.slot, reason="an operator accepted the volume"))
    text = f"the volume carries no identity marker: mount the right one, or `etcd-ops approve volume {facts.slot}`"
    return hold(text, State.NEEDS_APPROVAL)


def _accepted(channel: ChannelFacts, slot: str) -> bool:
    """An operator gave up the volume on which this slot was started, for the one that is mounted now."""
    given_up = channel.formation.volume_of(slot) if channel.formation else ""
    return any(
        (each.kind, each.slot, each.subject) == ("volume", slot, given_up) for each in channel.controls.approvals
    )


def start_intact(facts: Facts, why: str) -> Decision | None:
    """An intact member starts alone, whatever else is unreachable; None where it runs or is not intact."""
    volume, process = facts.volume, facts.process
    if volume is None or process is None or process.running or not intact(volume, facts):
        return None
    if volume.outside is not None:
        return take_over(facts, why)
    return take(StartMember(slot=facts.slot, reason=f"intact and not running; {why}"))


def take_over(facts: Facts, why: str) -> Decision | None:
    """Finish what a restart began: the volume's launch is for data that nobody else starts any more; None before."""
    volume = facts.volume
    if volume is None or volume.outside is not Outside.RELEASED or not intact(volume, facts):
        return None
    return take(TakeOver(slot=facts.slot, reason=f"its former process was told to end; {why}"))


def intact(volume: VolumeFacts, facts: Facts) -> bool:
    """There is data, it is the expected member's, and no newer incarnation is known."""
    launch = volume.launch
    if launch is None or not volume.has_data or volume.identity is None:
        return False
    known = max(facts.memory.highest.incarnation, facts.memory.fence)
    return launch.incarnation >= known and launch.expected in (None, volume.identity)


def channel_rule(facts: Facts) -> Decision | None:
    """An unreachable channel means unknown: intact members run, nothing else happens."""
    if facts.channel is not None:
        return None
    return start_intact(facts, "the channel is unreachable") or hold("the channel is unreachable")


def behind_rule(facts: Facts) -> Decision | None:
    """A channel that was emptied or rolled back: give back what this volume knows, and hold."""
    assert facts.channel is not None
    known = formation_known(facts.memory)
    if known is not None and older(facts.channel.formation, known):
        text = "the channel lost the formation record: restored from this volume"
        return take(WriteFormation(record=known, slot=facts.slot, reason=text), State.HELD)
    if known is not None and facts.channel.formation is not None and facts.channel.formation.token != known.token:
        return hold(_of_another_forming(facts))
    highest, desired = facts.memory.highest, facts.channel.desired
    if highest.generation == 0 or (desired is not None and _current(desired.generation, desired.digest, facts)):
        return None
    text = f"the channel is behind: generation {highest.generation} was seen before; run `pulumi up` to write it again"
    another = desired is not None and desired.generation == highest.generation
    return replace(start_intact(facts, text) or hold(text), refused=text if another else "")


def _of_another_forming(facts: Facts) -> str:
    text = "the channel belongs to another forming of a cluster than this volume"
    held = facts.memory.identity is not None or facts.volume is None or facts.volume.has_data
    return text if held else f"{text}, which holds nothing of either: {ANOTHER_VOLUME}"


def _current(generation: int, digest: str, facts: Facts) -> bool:
    highest = facts.memory.highest
    return generation > highest.generation or (generation == highest.generation and digest == highest.digest)


def formation_known(memory: Memory) -> FormationRecord | None:
    """The newest formation record this volume has seen."""
    return FormationRecord.decode(memory.formation) if memory.formation else None


def older(found: FormationRecord | None, known: FormationRecord) -> bool:
    """The channel's record is absent, or an earlier stage of the one that is known."""
    if found is None:
        return True
    if found.token != known.token:
        return False
    return (found.incarnation, _ORDER[found.state]) < (known.incarnation, _ORDER[known.state])


def document_rule(facts: Facts) -> Decision | None:
    """No document, or one this version cannot read: the last understood one stays in force."""
    channel = facts.channel
    assert channel is not None
    if channel.desired is None:
        text = "no desired document yet"
    elif channel.spec is None:
        text = f"the desired document cannot be read: {channel.unreadable}"
    else:
        return None
    return start_intact(facts, text) or hold(text)


def mode_rule(view: View) -> Decision | None:
    """Retiring clusters are left alone; paused ones only keep intact members running."""
    if view.desired.mode is Mode.RETIRING:
        return hold("the cluster is being taken down", State.RETIRED)
    if not view.paused:
        return None
    return start_intact(view.facts, "paused") or hold("paused by the declaration or an operator", State.PAUSED)


def foreign_data_rule(view: View) -> Decision | None:
    """Data that is not this cluster's, or cannot be identified, is neither started nor removed."""
    volume, formation = view.facts.volume, view.formation
    assert volume is not None
    if not volume.has_data:
        return None
    if volume.identity is None:
        return hold("the write-ahead log cannot be read: restore the volume, or set its data aside by hand")
    expected = formation.cluster_id if formation else None
    if expected is not None and volume.identity.cluster_id != expected:
        return hold(f"the data belongs to another cluster ({volume.identity.cluster_id:x}, not {expected:x})")
    known = view.facts.memory.identity
    if known is not None and volume.identity != known:
        text = f"the data is of member {volume.identity.member_id:x}, and this volume held {known.member_id:x}"
        return hold(f"{text}: restore the right data, or set it aside by hand")
    return None


def process_rule(view: View) -> Decision | None:
    """Without a runtime's answer nothing is known of the process, so nothing is done to it."""
    if view.facts.process is None:
        return wait("the runtime does not answer: whether the process runs is unknown")
    return None


def observe_only(channel: ChannelFacts) -> bool:
    """Decisions are published, not carried out."""
    declared = channel.desired is not None and channel.desired.mode is Mode.OBSERVE_ONLY
    return declared or channel.controls.observe_only
