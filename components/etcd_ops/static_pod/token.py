"""The agent's token, lent to its member: static pods are given none (Kubernetes, Tasks, "Create static Pods").

Before etcd starts, its launcher looks in the channel for a later incarnation. Where the token is gone, as after the
node was started anew, or has expired, the channel counts as away, and an intact member starts all the same.
"""

from __future__ import annotations

from pathlib import Path

from etcd_ops.pod import places
from etcd_ops.volume.durable import make_directory, write_file

FILES = ("ca.crt", "namespace", "token")


def lend(source: Path = places.TOKEN, run: Path = places.RUN) -> None:
    """Copy what is newer; nothing happens where the agent has no token itself.

    Args:
        source: the folder that the kubelet keeps up to date.
        run: shared by the agent and its member.

    Raises:
        OSError
    """
    target = run / places.LENT_TOKEN
    for name in FILES:
        if not (source / name).is_file():
            continue
        content = (source / name).read_bytes()
        if not (target / name).is_file() or (target / name).read_bytes() != content:
            make_directory(target)
            write_file(target / name, content)
