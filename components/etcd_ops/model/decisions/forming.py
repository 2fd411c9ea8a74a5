"""Rules for the first start of a cluster: the formation record guards against forming it twice."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.losing import attest, lost_slots
from etcd_ops.model.decisions.migrating import join_origin
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import Target, VolumeFacts
from etcd_ops.model.gate import quorum
from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.spec import FormationMode
from etcd_ops.model.steps import StageLaunch, StartMember, WriteFormation

FORMING_PATIENCE = 30.0
"""Seconds that a quorum of founders waits for the others before the cluster counts as formed without them."""


def forming_rule(view: View) -> Decision | None:
    """Open the record, record every first start in it, and close the forming once a quorum serves."""
    formation = view.formation
    if formation is None or _reopens(view, formation):
        return _open(view)
    if formation.token != view.desired.formation.token:
        return hold("the formation record carries another token than the declaration: run `pulumi up`")
    if formation.state is FormationState.CLOSED:
        return hold("the formation record is closed: this cluster was destroyed; run `pulumi up` to form a new one")
    if formation.state is FormationState.FORMING and view.spec.migration is not None:
        return hold("a cluster is being formed here, and a migration joins another one: take it out of the declaration")
    if formation.state is FormationState.FORMING:
        return _form(view, formation)
    return None


def _reopens(view: View, formation: FormationRecord) -> bool:
    """A destroyed cluster's record makes room for the next one's, which carries another token."""
    return formation.state is FormationState.CLOSED and formation.token != view.desired.formation.token


def _open(view: View) -> Decision:
    volume = view.facts.volume
    if view.desired.formation.mode is FormationMode.ADOPT:
        return _adopt(view)
    if view.desired.formation.mode is not FormationMode.EXISTING and _is_joined(view):
        return join_origin(view)
    if view.desired.formation.mode is not FormationMode.NEW:
        return hold("no formation record, though this cluster was formed before: nothing is bootstrapped")
    if volume is not None and volume.has_data:
        return hold("no formation record, but there is data on the volume: nothing is bootstrapped")
    if view.facts.memory.identity is not None:
        return hold("no formation record, but this volume once held a member: nothing is bootstrapped")
    record = FormationRecord(
        token=view.desired.formation.token,
        state=FormationState.FORMING,
        incarnation=view.spec.incarnation,
        founders={slot: member.peer_url for slot, member in view.spec.members.items()},
    )
    return take(WriteFormation(record=record, slot=view.slot, reason="open the formation record"))


def _is_joined(view: View) -> bool:
    return view.spec.migration is not None or view.desired.formation.mode is FormationMode.JOIN


def _adopt(view: View) -> Decision:
    """Take a running cluster over as it is: it counts as formed, and nothing is started anew."""
    if not view.has_quorum or view.identity is None:
        return wait("waits for a quorum of the cluster that is to be adopted")
    record = FormationRecord(
        token=view.desired.formation.token,
        state=FormationState.FORMED,
        incarnation=view.spec.incarnation,
        founders={},
        cluster_id=view.identity.cluster_id,
    )
    return take(WriteFormation(record=record, slot=view.slot, reason="adopt the running cluster"))


def adopted_rule(view: View) -> Decision | None:
    """Data that was there before the cluster was adopted, or that serves from an accepted volume, counts as started."""
    volume, member, formation = view.facts.volume, view.member, view.formation
    if formation is None or volume is None or member is None or not volume.has_data:
        return None
    if view.slot in formation.started and not _serves_elsewhere(view, formation, volume):
        return None
    entry = Started(volume_id=volume.volume_id, peer_url=member.peer_url, client_url=member.client_url)
    record = formation.model_copy(update={"started": {**formation.started, view.slot: entry}})
    return take(WriteFormation(record=record, slot=view.slot, reason="record the volume that the member runs on"))


def _serves_elsewhere(view: View, formation: FormationRecord, volume: VolumeFacts) -> bool:
    """The slot's own member serves, from another volume than the record names: one that an operator accepted."""
    own = view.listed is not None and view.identity is not None and view.listed.member_id == view.identity.member_id
    return own and view.healthy and formation.volume_of(view.slot) != volume.volume_id


def bound_rule(view: View) -> Decision | None:
    """A founder's first start did not know whose data it would make: from now on only that data starts here."""
    launch = view.facts.volume.launch if view.facts.volume else None
    if launch is None or launch.expected is not None or view.identity is None or view.foreign:
        return None
    return take(
        StageLaunch(
            slot=view.slot,
            target=Target(launch.configuration, launch.configuration_digest, launch.binary_sha256, launch.trusted),
            expected=view.identity,
            incarnation=launch.incarnation,
            reason="the first start has made its data: only that starts from now on",
        )
    )


def _form(view: View, formation: FormationRecord) -> Decision | None:
    volume = view.facts.volume
    assert volume is not None
    if view.has_quorum and (_all_serve(view, formation) or _waited_enough(view)):
        return _formed(view, formation)
    if (gone := _too_few_founders(view, formation)) is not None:
        return gone
    if view.slot not in formation.founders:
        return wait("waits for the founders to form the cluster")
    if volume.has_data:
        return None
    started = formation.started.get(view.slot)
    exchanged = started is not None and started.volume_id != volume.volume_id
    if exchanged or view.facts.memory.identity is not None:
        return _lost_early(view, formation)
    if (forgotten := _serves_already(view, formation)) is not None:
        return forgotten
    if started is None:
        return _record_start(view, formation)
    return _first_start(view, formation)


def _serves_already(view: View, formation: FormationRecord) -> Decision | None:
    """Somebody answers whom this forming did not start: there is a cluster, and the channel has lost its records."""
    others = sorted(set(view.facts.cluster.endpoints) - set(formation.started))
    if not others:
        return None
    text = f"{', '.join(others)} already serve, and were not started by this forming: nothing is formed beside them"
    return hold(f"{text}; take what was declared anew back, and let their agents publish their records")


def _lost_early(view: View, formation: FormationRecord) -> Decision:
    """It, or the volume it was started on, held data and may have voted: it never founds again what others began."""
    _, lost = lost_slots(view, formation)
    if len(lost) > len(formation.founders) - quorum(len(formation.founders)):
        names = ", ".join(sorted(lost))
        decision = hold(f"{names} lost their data before the cluster was formed: destroy it, and create it again")
    else:
        decision = wait("its data was lost before the cluster was formed: the other founders form it")
    return replace(decision, attestation=attest(view, None))


def _too_few_founders(view: View, formation: FormationRecord) -> Decision | None:
    """A cluster begins with the members it was opened with, or not at all."""
    declared = set(formation.founders) & set(view.spec.members)
    if len(declared) >= quorum(len(formation.founders)):
        return None
    names = ", ".join(sorted(formation.founders))
    return hold(f"the cluster is not formed yet, and begins with {names}: declare them again, or destroy it first")


def _all_serve(view: View, formation: FormationRecord) -> bool:
    return len(view.healthy_ids) == len(formation.founders)


def _waited_enough(view: View) -> bool:
    """A founder that does not come does not keep the others from being a cluster: it joins later."""
    return view.facts.process is not None and view.facts.process.uptime > FORMING_PATIENCE


def _record_start(view: View, formation: FormationRecord) -> Decision:
    volume = view.facts.volume
    if view.facts.target is None:
        return wait(f"not delivered yet: {', '.join(view.facts.missing) or 'configuration'}")
    assert volume is not None
    client_url = view.member.client_url if view.member else ""
    entry = Started(volume_id=volume.volume_id, peer_url=formation.founders[view.slot], client_url=client_url)
    record = formation.model_copy(update={"started": {**formation.started, view.slot: entry}})
    return take(WriteFormation(record=record, slot=view.slot, reason="record the first start before it happens"))


def _first_start(view: View, formation: FormationRecord) -> Decision | None:
    target, volume, process = view.facts.target, view.facts.volume, view.facts.process
    if target is None:
        return wait(f"not delivered yet: {', '.join(view.facts.missing) or 'configuration'}")
    assert volume is not None and process is not None
    if process.running:
        return wait("first start: waits for the other founders")
    if not view.staged(target):
        founders = tuple(sorted(formation.founders.items()))
        return take(
            StageLaunch(
                slot=view.slot,
                target=target,
                first_start=True,
                state="new",
                initial_cluster=founders,
                incarnation=view.spec.incarnation,
                reason="first start of a founder",
            )
        )
    failure = f"; it ended before: {process.failure}" if process.crashed else ""
    return take(StartMember(slot=view.slot, reason=f"first start of a founder{failure}"))


def _formed(view: View, formation: FormationRecord) -> Decision:
    cluster_id = next(each.cluster_id for each in view.facts.cluster.endpoints.values() if each.healthy)
    record = formation.model_copy(update={"state": FormationState.FORMED, "cluster_id": cluster_id})
    return take(WriteFormation(record=record, slot=view.slot, reason="a quorum of the founders serves"))
