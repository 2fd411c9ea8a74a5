"""From a wiped disk to a full voter."""

from __future__ import annotations

import shutil
import time

from bench.limits import until
from bench.members import Members
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.zone.power import power_off
from etcd_ops.zone.supervisor import start_zone
from tests.e2e.stack import SLOTS, Stack

DATABASE = 300 * 2**20
"""Bytes."""
VALUE = 2**20
LIMIT = 120.0


def fill(stack: Stack) -> None:
    """Write the database."""
    Members(stack.context).fill(DATABASE, VALUE)


def measure(stack: Stack) -> float:
    """Wipe a follower's disk while its zone has no power.

    Returns:
        Seconds from the zone's return to a new member of that slot that votes and serves a linearizable read.
    """
    members = Members(stack.context)
    leader = members.leader()
    slot = next(each for each in SLOTS if each != leader)
    before = members.listed()[slot]
    power_off(stack.zone(slot))
    shutil.rmtree(VolumeLayout(stack.volume(slot)).data)
    begun = time.monotonic()
    start_zone(stack.zone(slot))

    def votes() -> bool:
        now = members.listed().get(slot)
        anew = now is not None and now.id != before.id and not now.is_learner
        return anew and members.serves(before.client_urls[0])

    until(votes, f"{slot} votes anew", limit=LIMIT, poll=0.05)
    return time.monotonic() - begun
