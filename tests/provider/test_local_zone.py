"""A zone's daemons: they outlive their maker, and an `up` starts those that died."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi.runtime.proto import provider_pb2

from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.power import power_off
from etcd_ops.zone.supervisor import inspect_zone
from pulumi_etcd.provider.local_zones import LocalZones
from pulumi_etcd.provider.values import UNKNOWN
from tests.provider.harness import Client
from tests.provider.local import short_directory, with_client

TOKEN = "etcd:index:LocalZone"
NONE = provider_pb2.DiffResponse.DIFF_NONE


@pytest.fixture
def root() -> Iterator[Path]:
    with short_directory() as directory:
        yield directory


def test_life_of_a_zone(root: Path) -> None:
    paths = ZonePaths(root, "a")

    async def body(client: Client) -> None:
        inputs, failures = await client.check({"directory": str(root), "zone": "a"})
        assert (inputs["objectStore"], failures) == (False, [])
        await client.create(inputs, preview=True)
        assert not paths.directory.exists()
        id_, outputs = await client.create(inputs)
        assert outputs == inputs | {"socket": str(paths.socket), "running": True, "starts": 1}
        assert inspect_zone(paths).up
        assert await client.read(id_, inputs, outputs) == (id_, inputs, outputs)
        assert (await client.diff(id_, outputs, inputs, inputs)).changes == NONE
        imported = await client.read(id_, {}, {})
        assert imported == (id_, inputs, outputs)
        await client.delete(id_, outputs)
        assert not paths.directory.exists()
        assert await client.read(id_, inputs, outputs) == ("", {}, {})
        await client.delete(id_, outputs)

    with_client(LocalZones(), TOKEN, body)
    assert not root.exists()


def test_after_a_power_cut_a_plain_up_starts_it(root: Path) -> None:
    paths = ZonePaths(root, "a")

    async def body(client: Client) -> None:
        inputs, _ = await client.check({"directory": str(root), "zone": "a"})
        id_, outputs = await client.create(inputs)
        power_off(paths)
        answer = await client.diff(id_, outputs, inputs, inputs)
        assert list(answer.detailedDiff) == ["running"]
        assert client.lines[0].startswith("zone a does not run (")
        _, _, live = await client.read(id_, inputs, outputs)
        assert live["running"] is False
        assert (await client.update(id_, live, inputs, preview=True))["starts"] == UNKNOWN
        after = await client.update(id_, live, inputs)
        assert (after["running"], after["starts"]) == (True, 2)
        assert inspect_zone(paths).up
        assert (await client.update(id_, after, inputs))["starts"] == 2
        assert (await client.diff(id_, outputs, inputs, inputs)).changes == NONE

    with_client(LocalZones(), TOKEN, body)


def test_an_unusable_directory_is_refused() -> None:
    async def body(client: Client) -> None:
        _, failures = await client.check({"directory": "/tmp/a[b]", "zone": "a"})
        assert len(failures) == 1
        assert failures[0].startswith("directory: ")

    with_client(LocalZones(), TOKEN, body)


def test_it_cannot_move(root: Path) -> None:
    async def body(client: Client) -> None:
        old, _ = await client.check({"directory": str(root), "zone": "a"})
        _, failures = await client.check({"directory": str(root), "zone": "b"}, old)
        assert [failure.split(":")[0] for failure in failures] == ["zone"]

    with_client(LocalZones(), TOKEN, body)
