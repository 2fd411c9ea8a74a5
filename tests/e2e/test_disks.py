"""Lost, unmounted and mistaken disks: replaced only where the loss is certain, and only as often as declared."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from etcd_ops.model.status import State
from etcd_ops.volume.data import inspect
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker
from etcd_ops.zone.power import power_off
from etcd_ops.zone.supervisor import start_zone
from tests.e2e.by_hand import stranger
from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack
from tests.workload.workload import Workload

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


def test_a_wiped_disk_is_replaced_once_a_day_and_then_by_approval(
    either: Stack, load: Workload, records: Records
) -> None:
    """Marker there, data not, attested, and known to a quorum: the ID goes, and the slot comes back as a full voter.

    Only as often as declared: beyond it an operator has to approve.
    """
    before = member_ids(either)
    first, second = followers(either)
    with load.mark("replacement"):
        wipe(either, first)
        either.eventually(lambda: voter(either, first) not in ("", before[first]), f"{first} votes anew")
    either.wait_in_order()
    formation = records.formation()
    assert formation is not None
    assert [(each.slot, f"{each.member_id:x}") for each in formation.replacements] == [(first, before[first])]
    wipe(either, second)
    either.eventually(lambda: records.status(second).state is State.NEEDS_APPROVAL, "an operator is asked")
    assert f"etcd-ops approve replace {second}" in records.status(second).reason
    assert listed(either, second) == before[second]
    either.ops("approve", "replace", second)
    either.eventually(lambda: voter(either, second) not in ("", before[second]), f"{second} votes anew")


def test_a_volume_that_is_not_mounted_is_held_until_it_is_back(faulty: Stack, load: Workload, records: Records) -> None:
    """No marker: the disk may only be missing. Nothing is started on the bare mount point, nothing removed."""
    slot = followers(faulty)[0]
    before, volume = member_ids(faulty), faulty.volume(slot)
    away = unmount(faulty, slot)
    start_zone(faulty.zone(slot))
    said = faulty.up().output
    assert "has no identity marker: is its disk mounted?" in said
    faulty.eventually(lambda: records.status(slot).state is State.NEEDS_APPROVAL, "an operator is asked")
    assert "carries no identity marker" in records.status(slot).reason
    assert not inspect(VolumeLayout(volume).data).present
    assert listed(faulty, slot) == before[slot]
    power_off(faulty.zone(slot))
    volume.rename(volume.with_name("bare"))
    away.rename(volume)
    start_zone(faulty.zone(slot))
    faulty.wait_in_order()
    assert member_ids(faulty) == before


def test_a_volume_without_marker_is_taken_where_an_operator_accepts_it(
    faulty: Stack, load: Workload, records: Records
) -> None:
    """Accepting it gives the other one up, once: it is recorded in the other one's place."""
    slot = followers(faulty)[0]
    before, formation = member_ids(faulty), records.formation()
    assert formation is not None
    unmount(faulty, slot)
    start_zone(faulty.zone(slot))
    faulty.up()
    faulty.eventually(lambda: records.status(slot).state is State.NEEDS_APPROVAL, "an operator is asked")
    faulty.ops("approve", "volume", slot)
    faulty.eventually(lambda: voter(faulty, slot) not in ("", before[slot]), f"{slot} votes anew")
    after, marker = records.formation(), read_marker(VolumeLayout(faulty.volume(slot)).marker)
    assert after is not None and marker is not None
    assert after.volume_of(slot) == marker.volume_id != formation.volume_of(slot)
    assert after.replacements == formation.replacements
    approval = records.controls().approvals[-1]
    assert (approval.kind, approval.subject) == ("volume", formation.volume_of(slot))


def test_data_of_another_cluster_is_never_started(
    faulty: Stack, load: Workload, records: Records, foreign_data: Path
) -> None:
    """Neither started nor removed: the launcher compares the identity in the write-ahead log, and so does the agent."""
    slot = followers(faulty)[0]
    before, layout, zone = member_ids(faulty), VolumeLayout(faulty.volume(slot)), faulty.zone(slot)
    power_off(zone)
    own = layout.data.rename(layout.root / "own")
    shutil.copytree(foreign_data, layout.data)
    started = faulty.member_pid(slot)
    start_zone(zone)
    faulty.eventually(lambda: records.status(slot).state is State.HELD, "its agent holds")
    assert "belongs to another cluster" in records.status(slot).reason
    assert faulty.member_pid(slot) == started
    faulty.eventually(lambda: "the data is of member" in zone.member_log(slot).read_text(), "the launcher says why")
    layout.data.rename(layout.root / "mistaken")
    own.rename(layout.data)
    faulty.wait_in_order()
    assert member_ids(faulty) == before
    assert inspect(layout.root / "mistaken").identity == inspect(foreign_data).identity


@pytest.fixture
def foreign_data(faulty: Stack, tmp_path: Path) -> Path:
    """The data directory of a cluster that nobody declared."""
    data = tmp_path / "stranger"
    etcd = stranger(faulty.etcd, data, tmp_path / "stranger-files", "127.0.61.99")
    try:
        faulty.eventually(lambda: inspect(data).present, "the stranger has data")
    finally:
        etcd.end()
    return data


def followers(stack: Stack) -> list[str]:
    """Slots that do not lead."""
    leader = stack.leader()
    return [slot for slot in SLOTS if slot != leader]


def member_ids(stack: Stack) -> dict[str, str]:
    """By slot: the ID of its member."""
    return {each["name"]: each["id"] for each in stack.status()["members"]}


def listed(stack: Stack, slot: str) -> str:
    """The member ID of a slot as a quorum lists it, whether or not it runs; empty where it lists none."""
    return str(next((each["id"] for each in stack.listed() if each["name"] == slot), ""))


def voter(stack: Stack, slot: str) -> str:
    """The member ID of a slot that is a healthy voter; empty where it is not."""
    member = next(each for each in stack.status()["members"] if each["name"] == slot)
    return str(member["id"]) if member["healthy"] and member["role"] == "voter" else ""


def wipe(stack: Stack, slot: str) -> None:
    """Lose the data of a member, and nothing else, while its zone has no power."""
    zone = stack.zone(slot)
    power_off(zone)
    shutil.rmtree(VolumeLayout(stack.volume(slot)).data)
    start_zone(zone)


def unmount(stack: Stack, slot: str) -> Path:
    """Leave the bare mount point of a volume, while its zone has no power; where the volume went."""
    power_off(stack.zone(slot))
    volume = stack.volume(slot)
    away = volume.rename(volume.with_name(f"{slot}-away"))
    volume.mkdir(mode=0o700)
    return away
