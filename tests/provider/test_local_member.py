"""A member's volume, credentials and programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.runtime.proto import provider_pb2

from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.port import FORMATION, status_name
from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.volume.credentials import delivered, leaves
from etcd_ops.volume.marker import read_marker
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.supervisor import create_zone, inspect_zone, start_zone
from pulumi_etcd.certificates import fingerprint
from pulumi_etcd.provider.local_members import LocalMembers
from pulumi_etcd.provider.values import UNKNOWN
from tests.components.recorder import certificate
from tests.provider.harness import Client, Refusal
from tests.provider.local import USES, leaf, member, short_directory, with_client

TOKEN = "etcd:index:LocalMember"
NONE = provider_pb2.DiffResponse.DIFF_NONE


@pytest.fixture
def root() -> Iterator[Path]:
    """A cluster's directory with its channel and zone a."""
    with short_directory() as directory:
        (directory / "channel").mkdir()
        create_zone(ZonePaths(directory, "a"))
        yield directory


@pytest.fixture
def running(root: Path) -> Path:
    """The same with the zone started."""
    start_zone(ZonePaths(root, "a"))
    return root


def marker_of(root: Path) -> tuple[str, str]:
    marker = read_marker(root / "volumes" / "a-1" / "marker.json")
    assert marker is not None
    return marker.cluster, marker.slot


def test_a_member_gets_everything_that_it_needs_to_start_alone(running: Path) -> None:
    volume = running / "volumes" / "a-1"

    async def body(client: Client) -> None:
        inputs, failures = await client.check(member(running))
        assert failures == []
        id_, outputs = await client.create(inputs)
        assert (id_, outputs["volume"]) == (str(volume), str(volume))
        assert marker_of(running) == ("demo", "a-1")
        prints = {use: fingerprint(inputs["credentials"][use]["certPem"]) for use in USES}
        assert outputs["fingerprints"] == prints == leaves(volume)
        authorities = {fingerprint(pem) for trust in inputs["authorities"].values() for pem in trust.values()}
        assert delivered(volume) == authorities | set(prints.values())
        config = json.loads((volume / "agent" / "agent-config.json").read_text())
        assert config == {
            "cluster": "demo",
            "slot": "a-1",
            "zone": "a",
            "volume": str(volume),
            "channel": inputs["channel"],
            "runtime": {
                "kind": "supervisor",
                "socket": str(ZonePaths(running, "a").socket),
                "program": "etcd-a-1",
            },
        }
        assert set(inspect_zone(ZonePaths(running, "a")).programs) == {"etcd-a-1", "agent-a-1"}
        assert await client.read(id_, inputs, outputs) == (id_, inputs, outputs)
        assert (await client.diff(id_, outputs, inputs, inputs)).changes == NONE
        await client.delete(id_, outputs)
        assert not volume.parent.exists()
        assert inspect_zone(ZonePaths(running, "a")).programs == {}

    with_client(LocalMembers(), TOKEN, body)


def test_keys_are_readable_by_their_owner_only(root: Path) -> None:
    async def body(client: Client) -> None:
        inputs, _ = await client.check(member(root))
        await client.create(inputs)
        keys = list((root / "volumes").glob("**/key.pem"))
        assert len(keys) >= len(USES)
        assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}

    with_client(LocalMembers(), TOKEN, body)


def test_a_preview_touches_nothing(root: Path) -> None:
    async def body(client: Client) -> None:
        later = member(root)
        for use in USES:
            later["credentials"][use]["certPem"] = UNKNOWN
        inputs, failures = await client.check(later)
        assert failures == []
        _, outputs = await client.create(inputs, preview=True)
        assert outputs["volume"] == str(root / "volumes" / "a-1")
        assert outputs["fingerprints"] == UNKNOWN
        assert not (root / "volumes").exists()
        preview = await client.update("id", outputs | {"volumeId": "v"}, inputs, preview=True)
        assert preview["volumeId"] == "v"

    with_client(LocalMembers(), TOKEN, body)


def test_renewed_leaves_are_delivered_and_left_for_the_agent_to_switch(root: Path) -> None:
    volume = root / "volumes" / "a-1"

    async def body(client: Client) -> None:
        inputs, _ = await client.check(member(root))
        id_, outputs = await client.create(inputs)
        before = leaves(volume)
        new = inputs | {"credentials": inputs["credentials"] | {"peer": leaf("renewed")}}
        new["authorities"] = inputs["authorities"] | {"peer": {"1": certificate("one"), "2": certificate("two")}}
        answer = await client.diff(id_, outputs, inputs, new)
        assert "credentials.peer.certPem" in answer.detailedDiff
        assert list(answer.replaces) == []
        after = await client.update(id_, outputs, new)
        renewed = fingerprint(new["credentials"]["peer"]["certPem"])
        assert after["fingerprints"]["peer"] == renewed
        assert renewed in delivered(volume)
        assert leaves(volume) == before

    with_client(LocalMembers(), TOKEN, body)


def test_the_volume_of_another_member_is_not_taken(root: Path) -> None:
    async def body(client: Client) -> None:
        inputs, _ = await client.check(member(root))
        await client.create(inputs)
        with pytest.raises(Refusal, match="is the volume of member a-1 of cluster demo"):
            await client.create(inputs | {"cluster": "other"})
        assert marker_of(root) == ("demo", "a-1")

    with_client(LocalMembers(), TOKEN, body)


@pytest.mark.parametrize("adopt", [False, True])
def test_data_without_a_marker_is_only_taken_when_adopted(root: Path, adopt: bool) -> None:
    wal = root / "volumes" / "a-1" / "data" / "member" / "wal"
    wal.mkdir(parents=True)

    async def body(client: Client) -> None:
        inputs, _ = await client.check(member(root, adopt=adopt))
        if adopt:
            await client.create(inputs)
            assert marker_of(root) == ("demo", "a-1")
        else:
            with pytest.raises(Refusal, match="no valid marker"):
                await client.create(inputs)
        assert wal.is_dir()

    with_client(LocalMembers(), TOKEN, body)


def test_a_volume_that_is_not_mounted_is_never_marked_again(root: Path) -> None:
    marker = root / "volumes" / "a-1" / "marker.json"

    async def body(client: Client) -> None:
        inputs, _ = await client.check(member(root))
        id_, outputs = await client.create(inputs)
        marker.unlink()
        answer = await client.diff(id_, outputs, inputs, inputs)
        assert "volumeId" in answer.detailedDiff
        assert "is its disk mounted?" in client.lines[-1]
        after = await client.update(id_, outputs, inputs)
        assert not marker.exists()
        assert after["volumeId"] == outputs["volumeId"]
        assert "etcd-ops approve" in client.lines[-1]

    with_client(LocalMembers(), TOKEN, body)


def test_lost_credentials_and_programs_are_seen_and_put_back(root: Path) -> None:
    volume = root / "volumes" / "a-1"

    async def body(client: Client) -> None:
        inputs, _ = await client.check(member(root))
        id_, outputs = await client.create(inputs)
        section = ZonePaths(root, "a").member_configuration("a-1")
        section.unlink()
        lost = volume / "credentials" / outputs["fingerprints"]["metrics"]
        (volume / "tls" / "metrics").unlink()
        lost.rename(root / "lost")
        answer = await client.diff(id_, outputs, inputs, inputs)
        assert set(answer.detailedDiff) == {"fingerprints", "volume"}
        await client.update(id_, outputs, inputs)
        assert section.exists()
        assert leaves(volume)["metrics"] == outputs["fingerprints"]["metrics"]
        assert (await client.diff(id_, outputs, inputs, inputs)).changes == NONE

    with_client(LocalMembers(), TOKEN, body)


@pytest.mark.parametrize("keep", [False, True])
def test_the_last_deleted_volume_closes_the_formation_record(root: Path, keep: bool) -> None:
    channel = DirectoryChannel(root / "channel")

    async def body(client: Client) -> None:
        made = {}
        for slot in ("a-1", "a-2"):
            inputs, _ = await client.check(member(root, slot, keepVolume=keep))
            made[slot] = await client.create(inputs)
            await channel.put(status_name(slot), b"{}")
        record = started({slot: outputs["volumeId"] for slot, (_, outputs) in made.items()})
        await channel.create(FORMATION, record.encode())
        for slot, (id_, outputs) in made.items():
            await client.delete(id_, outputs)
            assert (root / "volumes" / slot).exists() == keep
            await client.delete(id_, outputs)
        entry = await channel.read(FORMATION)
        assert entry is not None
        after = FormationRecord.decode(entry.data)
        assert after.state is (FormationState.FORMED if keep else FormationState.CLOSED)
        assert await channel.names("status/") == ()

    with_client(LocalMembers(), TOKEN, body)


def test_what_speaks_of_another_stacks_member_stays(root: Path) -> None:
    """Two stacks named one channel: taking the refused one down leaves the other one's cluster alone."""
    channel = DirectoryChannel(root / "channel")
    status = MemberStatus(
        slot="a-1", zone="a", boot_id="b", sequence=1, agent_version="1", state=State.RUNNING, volume_id="another"
    )

    async def body(client: Client) -> None:
        await channel.create(FORMATION, started({"a-1": "another"}).encode())
        await channel.put(status_name("a-1"), status.encode())
        inputs, _ = await client.check(member(root))
        id_, outputs = await client.create(inputs)
        await client.delete(id_, outputs)
        entry = await channel.read(FORMATION)
        assert entry is not None
        assert FormationRecord.decode(entry.data) == started({"a-1": "another"})
        assert await channel.names("status/") == (status_name("a-1"),)

    with_client(LocalMembers(), TOKEN, body)


def started(volumes: dict[str, str]) -> FormationRecord:
    """A formed cluster, by slot and volume ID."""
    slots = {slot: Started(volume_id=volume_id, peer_url="u") for slot, volume_id in volumes.items()}
    return FormationRecord(token="t", state=FormationState.FORMED, founders={}, started=slots)


def test_a_deletion_that_could_not_be_recorded_is_tried_again(root: Path) -> None:
    async def body(client: Client) -> None:
        inputs, _ = await client.check(member(root))
        id_, outputs = await client.create(inputs)
        (root / "channel").rename(root / "away")
        with pytest.raises(Refusal, match="could not be recorded"):
            await client.delete(id_, outputs)
        (root / "away").rename(root / "channel")
        await client.delete(id_, outputs)

    with_client(LocalMembers(), TOKEN, body)


@pytest.mark.parametrize("name", ["directory", "cluster", "slot", "zone"])
def test_what_names_a_member_cannot_change(root: Path, name: str) -> None:
    async def body(client: Client) -> None:
        old, _ = await client.check(member(root))
        _, failures = await client.check(old | {name: "other"}, old)
        assert [failure.split(":")[0] for failure in failures] == [name]

    with_client(LocalMembers(), TOKEN, body)
