"""Zones that lose their power: one, all, and all while the channel is away too."""

from __future__ import annotations

import pytest

from etcd_ops.channel.port import ChannelUnavailable
from etcd_ops.zone.power import power_off
from etcd_ops.zone.supervisor import start_zone
from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


def test_a_zone_without_power_is_missed_by_nobody(faulty: Stack, load: Workload) -> None:
    """With every zone in turn, the leader's too: two of three zones are a quorum."""
    for zone in map(faulty.zone, SLOTS):
        power_off(zone)
        load.wait_for(acknowledged=20)
        start_zone(zone)
        faulty.eventually(lambda: faulty.status()["quorum"]["healthy"] == 3, f"zone {zone.zone} is back")


def test_all_zones_come_back_with_everything_acknowledged(either: Stack, load: Workload) -> None:
    lights_out(either)
    for slot in SLOTS:
        start_zone(either.zone(slot))
    load.wait_for(acknowledged=20)


def test_intact_members_start_with_no_channel(either: Stack, load: Workload, records: Records) -> None:
    """Neither agent, lock, gate nor channel is needed: what an intact member starts with is on its volume."""
    with either.store.away():
        lights_out(either)
        for slot in SLOTS:
            start_zone(either.zone(slot))
        load.wait_for(acknowledged=50)
        with pytest.raises(ChannelUnavailable):
            records.desired()


def lights_out(stack: Stack) -> None:
    """Take the power of every zone away."""
    for slot in SLOTS:
        power_off(stack.zone(slot))
