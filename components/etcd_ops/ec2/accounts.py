"""The user that runs etcd, and what on a volume is its own."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from pathlib import Path
from typing import NamedTuple

from etcd_ops.ec2.places import USER
from etcd_ops.volume.layout import VolumeLayout

ID = 2379
"""Of user and group where this machine has none of that name: the same on every machine, as volumes move."""
_SHARED_FOLDER, _WRITABLE_FOLDER = 0o2750, 0o2770
"""With set-group-ID: what is written there belongs to the group, which may read it."""


class Account(NamedTuple):
    """User and group that run etcd."""

    user: int
    group: int


def account() -> Account:
    """The account that runs etcd, made where it is missing.

    Raises:
        OSError: it could not be made.
    """
    try:
        return Account(pwd.getpwnam(USER).pw_uid, grp.getgrnam(USER).gr_gid)
    except KeyError:
        _make()
    return Account(pwd.getpwnam(USER).pw_uid, grp.getgrnam(USER).gr_gid)


def own(volume: Path, etcd: Account) -> None:
    """Settle whose everything on a volume is. Idempotent.

    etcd may write its data and what its launcher notes, and read the rest: it cannot change what root runs or reads.
    """
    layout = VolumeLayout(volume)
    layout.member.mkdir(exist_ok=True)
    for folder, mode in ((volume, _SHARED_FOLDER), (layout.member, _WRITABLE_FOLDER)):
        os.chown(folder, 0, etcd.group)
        folder.chmod(mode)
    for path in volume.rglob("*"):
        _settle(path, etcd.user if path.is_relative_to(layout.data) else None, etcd.group)


def _settle(path: Path, user: int | None, group: int) -> None:
    found = path.lstat()
    wanted = (found.st_uid if user is None else user, group)
    if (found.st_uid, found.st_gid) != wanted:
        os.chown(path, *wanted, follow_symlinks=False)


def _make() -> None:
    for words in (
        ["groupadd", "--system", "--force", "--gid", str(ID), USER],
        ["useradd", "--system", "--uid", str(ID), "--gid", USER, "--no-create-home", "--home-dir", "/nonexistent",
         "--shell", "/usr/sbin/nologin", USER],
    ):  # fmt: skip
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")
