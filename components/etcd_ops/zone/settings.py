"""What was chosen when a zone was made. Standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.paths import ZonePaths


@dataclass(frozen=True, slots=True)
class ZoneSettings:
    """How a zone is run.

    Args:
        python: the interpreter that has `etcd_ops` and supervisor.
        socket: supervisord's Unix socket.
        object_store: whether agents reach an object store and need its variables of the environment.
    """

    python: str
    socket: Path
    object_store: bool = False


def encode_settings(settings: ZoneSettings) -> bytes:
    """The content of `zone.json`."""
    return json.dumps({**asdict(settings), "socket": str(settings.socket)}, indent=1).encode() + b"\n"


def read_settings(paths: ZonePaths) -> ZoneSettings:
    """Read `zone.json`.

    Raises:
        ZoneError: it is missing or damaged.
    """
    try:
        document = json.loads(paths.settings.read_bytes())
        return ZoneSettings(str(document["python"]), Path(document["socket"]), bool(document.get("object_store")))
    except FileNotFoundError as problem:
        raise ZoneError(f"{paths.settings} does not exist: the zone was not made") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise ZoneError(f"{paths.settings} is damaged ({problem}): make the zone again") from problem
