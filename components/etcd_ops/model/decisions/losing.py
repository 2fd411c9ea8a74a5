"""Whether so many disks are lost that no quorum can come back."""

from __future__ import annotations

from etcd_ops.model.decisions.view import Decision, View, hold
from etcd_ops.model.gate import quorum
from etcd_ops.model.records import FormationRecord
from etcd_ops.model.status import State


def lost_slots(view: View, formation: FormationRecord) -> set[str]:
    """Started slots whose agents say, freshly, that the volume is there and the data is not."""
    lost = {
        slot
        for slot, peer in view.channel.statuses.items()
        if peer.fresh and peer.status.volume_marked and not peer.status.has_data and slot in formation.started
    }
    volume = view.facts.volume
    if volume is not None and volume.marked and not volume.has_data and view.slot in formation.started:
        lost.add(view.slot)
    return lost


def quorum_lost(view: View) -> Decision | None:
    """NEEDS_RECOVERY where fewer disks are left than a quorum; None otherwise."""
    formation = view.formation
    if formation is None or view.facts.cluster.members is not None:
        return None
    lost, voters = lost_slots(view, formation), len(formation.started)
    if len(lost) <= voters - quorum(voters):
        return None
    text = f"{len(lost)} of {voters} disks are lost, no quorum can come back: see `etcd-ops recover plan`"
    return hold(text, State.NEEDS_RECOVERY)
