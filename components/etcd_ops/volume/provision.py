"""What the platform does with a volume before an agent ever sees it, and when its member is gone."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from etcd_ops.volume.durable import make_directory, remove_file, write_file
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import Marker, encode_marker, read_marker


def create_volume(volume: Path, slot: str, cluster: str, platform: str = "local", volume_id: str = "") -> str:
    """Make a volume and mark it, once. Idempotent; a kept volume is taken up again.

    Args:
        volume: its directory.
        slot: the member's.
        cluster: the cluster's name.
        platform: what it is mounted by.
        volume_id: by which it is marked; a new one where empty.

    Returns:
        The volume's ID.

    Raises:
        VolumeError: it carries the marker of another member, or was filled but never marked.
        OSError
    """
    layout = VolumeLayout(volume)
    marker = read_marker(layout.marker)
    if marker is None:
        _require_fresh(layout)
        marker = mark(volume, slot, cluster, platform, volume_id)
    if (marker.cluster, marker.slot) != (cluster, slot):
        raise VolumeError(
            f"{volume} is the volume of member {marker.slot} of cluster {marker.cluster}, "
            f"not of {slot} of {cluster}: declare another directory, or move it away"
        )
    return marker.volume_id


def mark(volume: Path, slot: str, cluster: str, platform: str = "local", volume_id: str = "") -> Marker:
    """Write a marker, with a new volume ID where none is given, whatever was there."""
    marker = Marker(cluster, slot, volume_id or str(uuid.uuid4()), platform)
    make_directory(volume)
    write_file(VolumeLayout(volume).marker, encode_marker(marker))
    return marker


def volume_marker(volume: Path) -> Marker | None:
    """The volume's marker; None where there is no valid one."""
    return read_marker(VolumeLayout(volume).marker)


def delete_volume(volume: Path) -> None:
    """Delete a volume with everything on it. Idempotent."""
    if volume.is_symlink():
        raise VolumeError(f"{volume} is a symbolic link: delete what it points to yourself")
    if volume.exists():
        shutil.rmtree(volume)


def shelve(volume: Path) -> None:
    """Keep the data of a member whose cluster is taken down: nothing starts it until it is declared again.

    What it was started with goes, and which certificates it used: the next declaration may bring other authorities,
    and members that are all stopped can change them at once. Idempotent.
    """
    layout = VolumeLayout(volume)
    for path in (layout.launch, layout.last_good):
        remove_file(path)
    if layout.tls.exists():
        shutil.rmtree(layout.tls)


def write_agent_config(volume: Path, config: Mapping[str, object]) -> None:
    """Tell the agent its cluster, slot, zone, channel, runtime and volume.

    Args:
        volume: its directory.
        config: nothing secret; written as JSON.
    """
    layout = VolumeLayout(volume)
    make_directory(layout.agent)
    write_file(layout.agent_config, json.dumps(config, indent=1, sort_keys=True).encode() + b"\n")


def is_fresh(layout: VolumeLayout) -> bool:
    """Whether nothing of a member, and no marker, was ever put there."""
    return not (layout.marker.exists() or layout.data.exists() or layout.member.exists())


def _require_fresh(layout: VolumeLayout) -> None:
    """A folder with a member's files but without a marker is a disk that an operator has to look at."""
    if not is_fresh(layout):
        raise VolumeError(
            f"{layout.root} holds a member's files but no valid marker.json: "
            "restore the marker, or move the folder away"
        )
