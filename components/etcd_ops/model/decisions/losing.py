"""Whether so many disks are lost that no quorum can come back."""

from __future__ import annotations

from etcd_ops.model.decisions.fencing import is_fenced_off
from etcd_ops.model.decisions.view import Decision, View, hold
from etcd_ops.model.facts import ListedMember
from etcd_ops.model.gate import quorum
from etcd_ops.model.records import FormationRecord, Started
from etcd_ops.model.status import Attestation, State


def lost_slots(view: View, formation: FormationRecord) -> tuple[set[str], set[str]]:
    """Started slots that held a voter, and those of them whose volume is there, freshly, and the data is not.

    Data on a volume that gave way to an incarnation which was never made is as good as lost.
    """
    held, lost = set(), set()
    for slot, started in formation.started.items():
        empty, joined, voteless = _mine(view, started) if slot == view.slot else _peers(view, slot, started)
        if voteless or (empty and not joined):
            continue
        held.add(slot)
        if empty:
            lost.add(slot)
    return held, lost


def _mine(view: View, started: Started) -> tuple[bool, bool, bool]:
    """Whether the volume is certainly empty, ever held the slot's member, and holds one that certainly has no vote."""
    volume = view.facts.volume
    if volume is None or not volume.marked:
        return False, True, False
    fenced = volume.has_data and is_fenced_off(view)
    joined = fenced or view.facts.memory.identity is not None or volume.volume_id != started.volume_id
    return fenced or not volume.has_data, joined, view.facts.voteless


def _peers(view: View, slot: str, started: Started) -> tuple[bool, bool, bool]:
    peer = view.channel.statuses.get(slot)
    if peer is None and slot not in view.spec.members:
        return True, True, False  # dropped, and nobody speaks for it: what is deleted never will again
    if peer is None or not peer.fresh or not peer.status.volume_marked:
        return False, True, False
    status = peer.status
    fenced = status.has_data and view.formation is not None and status.fence > view.formation.incarnation
    joined = fenced or status.attestation is not None or status.volume_id != started.volume_id
    return fenced or not status.has_data, joined, status.voteless or status.state is State.RETIRED


def quorum_lost(view: View) -> Decision | None:
    """NEEDS_RECOVERY where fewer disks are left than a quorum; None otherwise.

    Of a cluster that is being formed nothing can be recovered: founders that were not started yet may still form it.
    """
    formation = view.formation
    if formation is None or view.forming or view.facts.cluster.members is not None:
        return None
    if view.spec.migration is not None:
        return None  # the origin's disks are not known
    held, lost = lost_slots(view, formation)
    if not held or len(lost) <= len(held) - quorum(len(held)):
        return None
    text = f"{len(lost)} of {len(held)} disks are lost, no quorum can come back: see `etcd-ops recover plan`"
    return hold(text, State.NEEDS_RECOVERY)


def attest(view: View, listed: ListedMember | None) -> Attestation | None:
    """The owner's word that the data of its member is gone; None where it never held one."""
    identity, volume = view.facts.memory.identity, view.facts.volume
    member_id = listed.member_id if listed else identity.member_id if identity else None
    if member_id is None or volume is None:
        return None
    return Attestation(volume_id=volume.volume_id, member_id=member_id, incarnation=view.spec.incarnation)
