"""Where things of a zone are. Standard library only."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOCKET_LIMIT = 90
"""Bytes of a socket's path that are safe everywhere: 108 on Linux, 104 on macOS (sun_path in sys/un.h), less the
process number that supervisord appends while it binds."""

_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\[\]*?%\"'\\]|\s[;#]")


@dataclass(frozen=True, slots=True)
class ZonePaths:
    """The paths of one zone.

    Args:
        root: the cluster's directory, absolute.
        zone: the zone's name, a DNS label.
    """

    root: Path
    zone: str

    @staticmethod
    def of_directory(directory: Path) -> ZonePaths:
        """The zone whose own folder this is."""
        return ZonePaths(directory.parent.parent, directory.name)

    @property
    def directory(self) -> Path:
        """The zone's own folder."""
        return self.root / "zones" / self.zone

    @property
    def settings(self) -> Path:
        """What was chosen when the zone was made."""
        return self.directory / "zone.json"

    @property
    def configuration(self) -> Path:
        """The configuration of supervisord."""
        return self.directory / "supervisord.conf"

    @property
    def log(self) -> Path:
        """What supervisord does."""
        return self.directory / "supervisord.log"

    @property
    def output(self) -> Path:
        """What the daemons print before they have a log."""
        return self.directory / "daemons.log"

    @property
    def supervisor_pid(self) -> Path:
        """Written by supervisord."""
        return self.directory / "supervisord.pid"

    @property
    def watchdog_pid(self) -> Path:
        """Written by whoever starts the watchdog."""
        return self.directory / "watchdog.pid"

    @property
    def stopped(self) -> Path:
        """There while the zone is stopped on purpose."""
        return self.directory / "stopped"

    @property
    def lock(self) -> Path:
        """Held while the zone is started, stopped or changed."""
        return self.directory / "zone.lock"

    @property
    def members(self) -> Path:
        """Program sections and logs of the zone's members."""
        return self.directory / "members"

    def member_configuration(self, slot: str) -> Path:
        """The program sections of one member."""
        return self.members / f"{slot}.conf"

    def member_log(self, slot: str) -> Path:
        """What etcd prints."""
        return self.members / f"{slot}.log"

    def agent_log(self, slot: str) -> Path:
        """What the agent prints."""
        return self.members / f"agent-{slot}.log"

    @property
    def socket(self) -> Path:
        """Supervisord's Unix socket: as recorded when the zone was made, or as it would be made now."""
        try:
            recorded = json.loads(self.settings.read_bytes())["socket"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return socket_path(self.root, self.zone, temporary_directory(), os.getuid())
        return Path(recorded)


def temporary_directory() -> Path:
    """Where sockets go: the same for every process of this machine, whatever its TMPDIR, if that is possible."""
    usual = Path("/tmp")  # noqa: S108 - what is made there is the user's own folder
    return usual if os.access(usual, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def socket_path(root: Path, zone: str, temporary: Path, user: int) -> Path:
    """A short path for a zone's socket, different for every cluster directory and user.

    Args:
        root: the cluster's directory.
        zone: the zone's name.
        temporary: the folder for temporary files; `/tmp` is taken where its path is too long.
        user: the user's number.
    """
    folder = f"etcd-{user}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:10]}"
    path = temporary / folder / f"{zone}.sock"
    return path if len(os.fsencode(path)) <= SOCKET_LIMIT else Path("/tmp") / folder / f"{zone}.sock"  # noqa: S108


def unusable(root: Path) -> str:
    """Why supervisord could not work with a cluster directory; empty where it can.

    Its configuration has comments, quotes and patterns that no quoting escapes everywhere.
    """
    if not root.is_absolute():
        return f"{root} is not absolute"
    found = _UNUSABLE.search(str(root))
    if found is None:
        return ""
    return f"{root} contains {found.group()!r}, which supervisord's configuration cannot hold; choose another path"
