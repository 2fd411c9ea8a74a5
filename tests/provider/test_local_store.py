"""The directory that a cluster's channel lives in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.port import DESIRED
from etcd_ops.model.spec import Desired, Formation, FormationMode, Mode
from pulumi_etcd.provider.local_stores import LocalStores
from tests.provider.harness import Client, Refusal
from tests.provider.local import with_client

TOKEN = "etcd:index:LocalStore"
NONE = provider_pb2.DiffResponse.DIFF_NONE


def test_life_of_a_store(tmp_path: Path) -> None:
    directory = tmp_path / "root" / "channel"

    async def body(client: Client) -> None:
        inputs, failures = await client.check({"directory": str(directory)})
        assert (inputs["keep"], failures) == (False, [])
        await client.create(inputs, preview=True)
        assert not directory.exists()
        id_, outputs = await client.create(inputs)
        assert (id_, outputs) == (str(directory), inputs | {"present": True})
        assert directory.stat().st_mode & 0o777 == 0o700
        assert await client.read(id_, inputs, outputs) == (id_, inputs, outputs)
        assert (await client.diff(id_, outputs, inputs, inputs)).changes == NONE
        (directory / "desired.json").write_text("{}")
        await client.delete(id_, outputs)
        assert not directory.parent.exists()
        await client.delete(id_, outputs)

    with_client(LocalStores(), TOKEN, body)


def test_one_that_is_gone_is_made_again(tmp_path: Path) -> None:
    directory = tmp_path / "channel"

    async def body(client: Client) -> None:
        inputs, _ = await client.check({"directory": str(directory)})
        id_, outputs = await client.create(inputs)
        directory.rmdir()
        answer = await client.diff(id_, outputs, inputs, inputs)
        assert list(answer.detailedDiff) == ["present"]
        assert client.lines == [f"{directory} is gone: it will be made again, empty"]
        assert await client.read(id_, inputs, outputs) == ("", {}, {})
        await client.update(id_, outputs, inputs)
        assert directory.is_dir()

    with_client(LocalStores(), TOKEN, body)


def test_what_is_kept_is_kept_and_taken_up_again(tmp_path: Path) -> None:
    directory = tmp_path / "channel"

    async def body(client: Client) -> None:
        inputs, _ = await client.check({"directory": str(directory), "keep": True})
        id_, outputs = await client.create(inputs)
        (directory / "formation.json").write_text("{}")
        await client.delete(id_, outputs)
        assert (directory / "formation.json").exists()
        await client.create(inputs)
        assert (directory / "formation.json").exists()

    with_client(LocalStores(), TOKEN, body)


def test_the_channel_of_a_cluster_that_nobody_takes_down_is_left(tmp_path: Path) -> None:
    directory = tmp_path / "channel"

    async def body(client: Client) -> None:
        inputs, _ = await client.check({"directory": str(directory)})
        id_, outputs = await client.create(inputs)
        channel, formation = DirectoryChannel(directory), Formation(token="t", mode=FormationMode.NEW)
        desired = Desired(generation=1, owner="urn:another", formation=formation, body={})
        tag = await channel.create(DESIRED, desired.encode())
        await client.delete(id_, outputs)
        assert client.lines == [
            f"{directory} is left as it is: it holds the cluster of urn:another, which is not taken down"
        ]
        retiring = desired.model_copy(update={"mode": Mode.RETIRING})
        await channel.replace(DESIRED, retiring.encode(), tag)
        await client.delete(id_, outputs)
        assert not directory.exists()

    with_client(LocalStores(), TOKEN, body)


def test_a_directory_of_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    async def body(client: Client) -> None:
        inputs, _ = await client.check({"directory": str(tmp_path)})
        with pytest.raises(Refusal, match="not empty, and not a channel"):
            await client.create(inputs)

    with_client(LocalStores(), TOKEN, body)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("directory", ["relative", "~/home"])
def test_a_relative_directory_is_refused(directory: str) -> None:
    async def body(client: Client) -> None:
        _, failures = await client.check({"directory": directory})
        assert failures == [f"directory: {directory} is not absolute"]

    with_client(LocalStores(), TOKEN, body)


def test_it_cannot_move(tmp_path: Path) -> None:
    async def body(client: Client) -> None:
        old, _ = await client.check({"directory": str(tmp_path / "a")})
        _, failures = await client.check({"directory": str(tmp_path / "b")}, old)
        assert len(failures) == 1
        assert failures[0].startswith("directory: cannot change from ")

    with_client(LocalStores(), TOKEN, body)


def test_a_file_that_is_written_while_the_others_are_deleted_is_deleted_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent's last status, which its directory did not have when it was listed."""
    directory, rmdir, late = tmp_path / "channel", os.rmdir, ["status.a-1.json", "status.b-1.json"]

    def interrupted(path: Any, **where: Any) -> None:
        if late and directory.exists():
            (directory / late.pop()).write_text("{}")
        rmdir(path, **where)

    async def body(client: Client) -> None:
        inputs, _ = await client.check({"directory": str(directory)})
        id_, outputs = await client.create(inputs)
        monkeypatch.setattr(os, "rmdir", interrupted)
        await client.delete(id_, outputs)
        assert not directory.exists()

    with_client(LocalStores(), TOKEN, body)
