"""What LocalStore does: a cluster's channel as a directory of this machine."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from errno import ENOTEMPTY
from pathlib import Path
from typing import ClassVar

from pydantic import ValidationError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random

from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.port import DESIRED, FORMATION, ChannelUnavailable
from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import Desired, Mode
from etcd_ops.volume.durable import make_directory
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.tidy import remove_if_empty
from pulumi_etcd.provider.values import Properties

_IDENTITY = ("directory",)
TRIES = 5
"""Of a directory to be deleted in which somebody writes meanwhile."""


class LocalStores:
    """The directory is made once, and deleted with everything in it unless it is to be kept."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge the directory."""
        inputs = {"keep": False, **call.inputs}
        problems = unknown(inputs, _IDENTITY) or moved(
            call.old, inputs, _IDENTITY, "destroy the cluster first (its volumes can be kept)"
        )
        if not problems and not Path(inputs["directory"]).is_absolute():
            problems = (Problem("directory", f"{inputs['directory']} is not absolute"),)
        return Checked(inputs, problems)

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether the directory is there."""
        if _is_there(call.id):
            return {}
        return {"present": f"{call.id} is gone: it will be made again, empty"}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Make the directory; one that was kept is taken up again."""
        directory = call.inputs["directory"]
        if not call.preview:
            _refuse_foreign(Path(directory))
            make_directory(Path(directory))
        return directory, call.inputs | {"present": True}

    async def read(self, call: Call) -> Live | None:
        """The store as it is."""
        if not _is_there(call.id):
            return None
        inputs = {"keep": False, **call.inputs, "directory": call.id}
        return Live(call.id, inputs, inputs | {"present": True})

    async def update(self, call: Call) -> Properties:
        """Make the directory again where it is gone."""
        if not call.preview:
            make_directory(Path(call.id))
        return call.inputs | {"present": True}

    async def delete(self, call: Call) -> None:
        """Delete it with everything in it, unless it is to be kept, or a cluster that nobody takes down uses it."""
        if call.state.get("keep"):
            return
        if (owner := await _user(Path(call.id))) is not None:
            await call.warn(f"{call.id} is left as it is: it holds the cluster of {owner}, which is not taken down")
            return
        await asyncio.to_thread(_delete, Path(call.id))


def _is_there(directory: str) -> bool:
    return Path(directory).is_dir()


async def _user(directory: Path) -> str | None:
    """The owner of the cluster whose channel this is; None where there is none any more, or it is being taken down."""
    try:
        entry = await DirectoryChannel(directory).read(DESIRED)
        desired = Desired.decode(entry.data) if entry else None
    except (ChannelUnavailable, ValidationError):
        return None
    return desired.owner if desired is not None and desired.mode is not Mode.RETIRING else None


def _delete(directory: Path) -> None:
    if directory.is_dir():
        _delete_all(directory)
    remove_if_empty(directory.parent)


@retry(
    retry=retry_if_exception(lambda error: isinstance(error, OSError) and error.errno == ENOTEMPTY),
    stop=stop_after_attempt(TRIES),
    wait=wait_random(max=0.2),
    reraise=True,
)
def _delete_all(directory: Path) -> None:
    """An agent that has not ended yet may write a file while others are deleted."""
    shutil.rmtree(directory)


def _refuse_foreign(directory: Path) -> None:
    """Whatever else is in the directory would be deleted with it one day."""
    if not directory.is_dir() or not any(directory.iterdir()):
        return
    if not any((directory / name).exists() for name in (DESIRED, FORMATION)):
        raise Failed(Problem("directory", f"{directory} is not empty, and not a channel", "name another directory"))
