"""An Ec2Member: what never changes of a member on AWS, and that nothing speaks of it once it is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import Channel
from etcd_ops.model.records import FormationState
from pulumi_etcd.provider.ec2_members import Ec2Members
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client
from tests.provider.members import known, publish

TOKEN = "etcd:index:Ec2Member"


@dataclass
class Place:
    """A member, and its channel, which is a directory here: what kind it is of makes no difference to a member."""

    folder: Path

    def inputs(self, **changes: Any) -> dict[str, Any]:
        return {
            "channel": {"kind": "directory", "directory": str(self.folder)},
            "cluster": "demo",
            "slot": "a-1",
            "zone": "eu-central-1a",
            "region": "eu-central-1",
            "account": "123456789012",
            "architecture": "arm64",
            "volumeBytes": 2**34,
            **changes,
        }

    def channel(self) -> Channel:
        return connect(self.inputs()["channel"])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def made(client: Client, place: Place) -> tuple[str, dict[str, Any]]:
    inputs, failures = await client.check(place.inputs())
    assert failures == []
    return await client.create(inputs)


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(Ec2Members(), TOKEN, body)


def test_it_is_recorded_and_changes_nothing(place: Place) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, place)
        assert (id_, outputs) == ("demo/a-1", place.inputs())
        assert await client.read(id_, place.inputs(), outputs) == (id_, place.inputs(), outputs)
        assert (await client.diff(id_, outputs, place.inputs(), place.inputs())).detailedDiff == {}

    run(body)


FIXED = ("cluster", "slot", "zone", "region", "account", "architecture")


@pytest.mark.parametrize("name", FIXED)
def test_what_names_it_and_its_architecture_cannot_be_changed(place: Place, name: str) -> None:
    async def body(client: Client) -> None:
        _, failures = await client.check(place.inputs(**{name: "other"}), place.inputs())
        assert len(failures) == 1
        assert failures[0].startswith(f"{name}: cannot change from")

    run(body)


def test_its_volume_can_only_grow(place: Place) -> None:
    async def body(client: Client) -> None:
        id_, outputs = await made(client, place)
        larger = place.inputs(volumeBytes=2**35)
        assert (await client.check(larger, place.inputs()))[1] == []
        assert (await client.update(id_, outputs, larger))["volumeBytes"] == 2**35
        _, failures = await client.check(place.inputs(), larger)
        assert failures[0].startswith("volumeBytes: cannot change from")

    run(body)


def test_it_is_forgotten_and_the_others_are_not(place: Place) -> None:
    async def body(client: Client) -> None:
        await publish(place, "v1", "b-1")
        id_, outputs = await made(client, place)
        await client.delete(id_, outputs)
        record, status, log = await known(place)
        assert record is not None
        assert (set(record.started), record.state) == ({"b-1"}, FormationState.FORMED)
        assert (status, log) == (False, False)
        await client.delete(id_, outputs)

    run(body)


def test_the_last_one_closes_the_record(place: Place) -> None:
    async def body(client: Client) -> None:
        await publish(place)
        id_, outputs = await made(client, place)
        await client.delete(id_, outputs)
        record, _, _ = await known(place)
        assert record is not None
        assert record.state is FormationState.CLOSED

    run(body)


def test_a_channel_that_is_away_keeps_it(place: Place) -> None:
    async def body(client: Client) -> None:
        await publish(place)
        id_, outputs = await made(client, place)
        state = outputs | {"channel": {"kind": "directory", "directory": str(place.folder / "elsewhere")}}
        with pytest.raises(Refusal, match="channel: "):
            await client.delete(id_, state)
        assert (await known(place))[1:] == (True, True)

    run(body)


def test_it_cannot_be_imported(place: Place) -> None:
    async def body(client: Client) -> None:
        with pytest.raises(Refusal, match="part of an Ec2Cluster"):
            await client.read("demo/a-1", {}, {})

    run(body)
