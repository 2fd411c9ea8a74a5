"""Rules for a member that somebody else has run so far: its data are not where this member's would be."""

from __future__ import annotations

from etcd_ops.model.decisions.standing import take_over
from etcd_ops.model.decisions.view import Decision, View, hold, wait
from etcd_ops.model.facts import Outside


def outside_rule(view: View) -> Decision | None:
    """Data that are elsewhere are started there or nowhere, until a gated restart has ended their member for good."""
    volume = view.facts.volume
    if volume is None or volume.outside is None or view.foreign:
        return None
    if (released := take_over(view.facts, "its data are not on the volume yet")) is not None:
        return released
    if volume.outside is Outside.KEPT:
        return wait("the member that is to be adopted does not answer: waits for whoever runs it to start it")
    return hold("nobody starts the member that is to be adopted: put its manifest back where it was")


def served_rule(view: View) -> Decision | None:
    """A member whose process is not ours, and that answers, has lost nothing, whatever is not on this volume."""
    volume, process, known = view.facts.volume, view.facts.process, view.facts.memory.identity
    if volume is None or volume.has_data or process is None or process.running:
        return None
    if known is None or view.endpoint is None:
        return None
    if (view.endpoint.cluster_id, view.endpoint.member_id) != (known.cluster_id, known.member_id):
        return None
    return hold("somebody else runs this member, from data that are not on this volume: declare `adopt` again")
