"""A volume that gave way to an incarnation which was never made: it keeps its word."""

from __future__ import annotations

from etcd_ops.model.decisions.view import ANOTHER_VOLUME, Decision, View, hold
from etcd_ops.model.status import State


def is_fenced_off(view: View) -> bool:
    """The incarnation that the volume was fenced for is not made, and may still be."""
    return view.formation is not None and view.facts.memory.fence > view.formation.incarnation


def fenced_off(view: View) -> Decision:
    """Nothing is started on it: whoever makes the later incarnation counts on that."""
    there = view.formation.incarnation if view.formation is not None else 0
    text = f"its volume was fenced for incarnation {view.facts.memory.fence}, and the one there is is {there}"
    return hold(f"{text}: {ANOTHER_VOLUME}", State.FENCED)
