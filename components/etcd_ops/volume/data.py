"""What is in etcd's data directory. Standard library only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from etcd_ops.volume.wal import HEAD_BYTES, head_identity

_LOG_NAME = re.compile(r"^[0-9a-f]{16}-[0-9a-f]{16}\.wal$")


class DataFacts(NamedTuple):
    """A data directory as it is now."""

    present: bool
    """A write-ahead log is there, readable or not: etcd would not start as a new member."""
    identity: tuple[int, int] | None
    """(cluster ID, member ID); None where there is no data, or its head cannot be read."""


ABSENT = DataFacts(present=False, identity=None)
UNREADABLE = DataFacts(present=True, identity=None)


def inspect(data: Path) -> DataFacts:
    """Look at a data directory as etcd would: any file ending in `.wal` is data.

    Args:
        data: etcd's data-dir.

    Raises:
        OSError: it could not be told whether there is data.
    """
    folder = data / "member" / "wal"
    try:
        names = [entry.name for entry in folder.iterdir()]
    except FileNotFoundError:
        return ABSENT
    except NotADirectoryError:
        return UNREADABLE
    if not any(name.endswith(".wal") for name in names):
        return ABSENT
    # etcd writes the same metadata at the head of every file, and always reads the newest.
    logs = sorted(name for name in names if _LOG_NAME.match(name))
    if not logs:
        return UNREADABLE
    with (folder / logs[-1]).open("rb") as file:
        return DataFacts(present=True, identity=head_identity(file.read(HEAD_BYTES)))
