"""A volume that is a directory on this machine."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from etcd_ops.model.facts import Identity, Launch, Memory, Outside, VolumeFacts
from etcd_ops.model.spec import Binary
from etcd_ops.model.status import OldEntries
from etcd_ops.volume import binaries, credentials, data
from etcd_ops.volume.durable import make_directory, remove_file, rename, write_file
from etcd_ops.volume.errors import Damaged, UnreadableMemory
from etcd_ops.volume.launch_record import (
    Spent,
    StagedLaunch,
    decode_launch,
    decode_spent,
    encode_launch,
    remaining,
)
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker
from etcd_ops.volume.memory import decode_memory, encode_memory
from etcd_ops.volume.old_entries import Extent, OldEntriesReader
from etcd_ops.volume.outside import OutsideData
from etcd_ops.volume.provision import mark

RECALLED = 10_000
"""Raft entries behind the last one that etcd may still send to others: it keeps 5000 behind its newest snapshot in
memory, and takes one in memory every 100 (DefaultSnapshotCatchUpEntries and memorySnapshotCount in
server/etcdserver/server.go of 3.6.15)."""


def by_nobody(volume_id: str) -> bool:
    """No platform vouches for any volume."""
    del volume_id
    return False


class DirectoryVolume:
    """Implements `etcd_ops.volume.port.Volume`.

    Args:
        path: the volume's directory.
        slot: the member's slot; a marker of another one is not accepted.
        cluster: the cluster's name.
        vouched: whether the platform vouches for a volume of this ID: that no other can be the member's.
        opener: of the sources of programs, where they are not files of this machine.
        outside: where its data are as long as somebody else runs the member; None where nobody ever did.
    """

    def __init__(
        self,
        path: Path,
        slot: str,
        cluster: str,
        vouched: Callable[[str], bool] = by_nobody,
        opener: binaries.Opener = binaries.open_here,
        outside: OutsideData | None = None,
    ) -> None:
        self._layout = VolumeLayout(path)
        self._outside = outside
        self._slot = slot
        self._cluster = cluster
        self._vouched = vouched
        self._opener = opener
        self._log = OldEntriesReader(RECALLED)

    async def facts(self) -> VolumeFacts:
        """The volume as it is now.

        Raises:
            OSError: it cannot be read; whether there is data is unknown then.
        """
        return await asyncio.to_thread(self._facts)

    async def old_entries(self) -> OldEntries | None:
        """What 3.5 left in etcd's write-ahead log; None where the log cannot be understood, or not just now.

        Raises:
            OSError
        """
        extent = await asyncio.to_thread(lambda: self._log.read(self._place()[0]))
        return None if extent is None else _judged(extent)

    async def recall(self) -> Memory:
        """The agent's memory; an empty one where there is none.

        Raises:
            UnreadableMemory: it is damaged: what it held is unknown.
            OSError
        """
        return await asyncio.to_thread(self._recall)

    async def remember(self, memory: Memory) -> None:
        """Replace the agent's memory."""
        await asyncio.to_thread(self._remember, memory)

    async def fetch_binary(self, binary: Binary) -> None:
        """Cache etcd's program.

        Raises:
            ValueError: its hash is another one, or it does not run.
            SourceUnavailable: its source is away, or broke off.
            OSError
        """
        root, source, sha256 = self._layout.root, binary.source, binary.sha256
        if binary.digest_of == "image":
            await asyncio.to_thread(binaries.cache_program_of_image, root, source, sha256)
        else:
            await asyncio.to_thread(binaries.cache_binary, root, source, sha256, self._opener)

    async def stage(self, launch: Launch) -> None:
        """Set what the next start uses; the last launch marked good stays what it is.

        Raises:
            ValueError: the configuration keeps data elsewhere than on this volume, or forces a new cluster.
            OSError
        """
        check_configuration(launch.configuration, self._layout)
        await asyncio.to_thread(self._write_launch, launch)

    async def restore_last_good(self) -> Launch | None:
        """Make the launch with which etcd last became healthy the next one; None where there is none."""
        return await asyncio.to_thread(self._restore_last_good)

    async def mark_good(self) -> None:
        """Keep the staged launch as the last known good one, without its one-time permissions.

        What became healthy has data: from now on it may only start with that data, with or without an agent.

        Raises:
            OSError: also where the identity of the data cannot be read.
        """
        await asyncio.to_thread(self._mark_good)

    async def trust_bundle(self, use: str, authorities: tuple[str, ...]) -> str:
        """Write the bundle of the delivered authorities; returns its absolute path.

        Raises:
            KeyError: an authority was not delivered.
        """
        return await asyncio.to_thread(credentials.write_bundle, self._layout.root, use, authorities)

    async def switch_leaf(self, use: str, fingerprint: str) -> None:
        """Take a leaf into use, certificate and key at once.

        Raises:
            KeyError: it was not delivered.
        """
        await asyncio.to_thread(credentials.link_leaf, self._layout.root, use, fingerprint)

    async def set_data_aside(self, label: str) -> None:
        """Move the data directory to `set-aside/<label>`, or `<label>-2` and so on where that is taken.

        The last known good launch goes with it.
        """
        await asyncio.to_thread(self._set_data_aside, label)

    async def accept_marker(self, slot: str, cluster: str) -> None:
        """Mark a volume that an operator accepted as this slot's, with a new volume ID."""
        await asyncio.to_thread(self._accept_marker, slot, cluster)

    def _facts(self) -> VolumeFacts:
        layout = self._layout
        layout.root.stat()
        marker = read_marker(layout.marker)
        marked = marker is not None and (marker.slot, marker.cluster) == (self._slot, self._cluster)
        place, outside = self._place()
        found = data.inspect(place)
        staged = self._staged()
        running = _json_object(layout.running)
        return VolumeFacts(
            marked=marked,
            volume_id=marker.volume_id if marker else "",
            has_data=found.present,
            identity=Identity(*found.identity) if found.identity else None,
            launch=None if staged is None else _launch(remaining(staged, self._spent())),
            running_digest=str(running.get("configurationDigest", "")),
            running_binary=str(running.get("binarySha256", "")),
            good=self._last_good(),
            credentials=credentials.delivered(layout.root),
            leaves=credentials.leaves(layout.root),
            binaries=binaries.cached(layout.root),
            sole=marker is not None and marked and not found.present and self._vouched(marker.volume_id),
            outside=outside,
        )

    def _place(self) -> tuple[Path, Outside | None]:
        """The data-dir that has the data, and whether that is not the volume's."""
        return self._outside.place(self._layout) if self._outside is not None else (self._layout.data, None)

    def _recall(self) -> Memory:
        path = self._layout.memory
        try:
            return decode_memory(path.read_bytes())
        except FileNotFoundError:
            return Memory()
        except Damaged as problem:
            raise UnreadableMemory(f"{path}: {problem}; what the agent knew is unknown") from problem

    def _remember(self, memory: Memory) -> None:
        make_directory(self._layout.agent)
        write_file(self._layout.memory, encode_memory(memory))

    def _staged(self) -> StagedLaunch | None:
        return _read_launch(self._layout.launch)

    def _last_good(self) -> Launch | None:
        staged = _read_launch(self._layout.last_good)
        return None if staged is None else _launch(staged)

    def _spent(self) -> Spent:
        """What is used up; where that is unreadable, everything."""
        try:
            return decode_spent(self._layout.spent.read_bytes())
        except FileNotFoundError:
            return Spent()
        except Damaged:
            staged = self._staged()
            return Spent(staged.nonce if staged else "", first_start=True, force_new_cluster=True)

    def _write_launch(self, launch: Launch) -> None:
        layout = self._layout
        make_directory(layout.member)
        self._drop_damaged_spent()
        staged = _staged(launch)
        write_file(layout.configuration(launch.configuration_digest), launch.configuration.encode())
        write_file(layout.launch, encode_launch(staged))
        self._remove_old_configurations(launch.configuration_digest)

    def _drop_damaged_spent(self) -> None:
        """A new staging has new permissions: a damaged note about an older one must not take them away."""
        try:
            decode_spent(self._layout.spent.read_bytes())
        except FileNotFoundError:
            return
        except Damaged:
            remove_file(self._layout.spent)

    def _remove_old_configurations(self, digest: str) -> None:
        good = self._last_good()
        needed = {self._layout.configuration(digest)}
        if good is not None:
            needed.add(self._layout.configuration(good.configuration_digest))
        running = _json_object(self._layout.running).get("configurationDigest")
        if isinstance(running, str):
            needed.add(self._layout.configuration(running))
        for path in self._layout.member.glob("etcd-*.yaml"):
            if path not in needed and path != self._layout.forced_configuration:
                path.unlink(missing_ok=True)

    def _restore_last_good(self) -> Launch | None:
        good = self._last_good()
        if good is not None:
            self._write_launch(good)
        return good

    def _mark_good(self) -> None:
        staged = self._staged()
        if staged is None:
            return
        found = data.inspect(self._layout.data)
        if found.identity is None:
            raise OSError(f"{self._layout.data}: whose data became healthy cannot be read")
        good = staged._replace(first_start=False, force_new_cluster=False, expected=found.identity)
        write_file(self._layout.last_good, encode_launch(good))
        if good != staged:
            write_file(self._layout.launch, encode_launch(good))

    def _accept_marker(self, slot: str, cluster: str) -> None:
        former = read_marker(self._layout.marker)
        mark(self._layout.root, slot, cluster, former.platform if former else "local")

    def _set_data_aside(self, label: str) -> None:
        if not self._layout.data.exists():
            return
        # The last good launch is for this data: going back to it could only fail from here on.
        remove_file(self._layout.last_good)
        make_directory(self._layout.set_aside)
        rename(self._layout.data, _free_name(self._layout.set_aside / label))


def _judged(extent: Extent) -> OldEntries:
    if extent.old > extent.snapshot:
        return OldEntries.UNCOVERED
    return OldEntries.COVERED if extent.old and extent.last - extent.old < RECALLED else OldEntries.NONE


def check_configuration(configuration: str, layout: VolumeLayout) -> None:
    """Refuse a configuration with which the launcher would look at other data than etcd does.

    Raises:
        ValueError
    """
    try:
        settings = yaml.safe_load(configuration)
    except yaml.YAMLError as problem:
        raise ValueError(f"etcd's configuration is not YAML: {problem}") from problem
    settings = settings if isinstance(settings, dict) else {}
    if settings.get("data-dir") != str(layout.data):
        raise ValueError(f"data-dir: is {settings.get('data-dir')}, the launcher checks {layout.data}")
    for key in ("wal-dir", "force-new-cluster"):
        if settings.get(key):
            raise ValueError(f"{key}: may not be part of a member's configuration")


def _staged(launch: Launch) -> StagedLaunch:
    expected = launch.expected
    return StagedLaunch(
        nonce=uuid.uuid4().hex,
        configuration=launch.configuration,
        configuration_digest=launch.configuration_digest,
        binary_sha256=launch.binary_sha256,
        incarnation=launch.incarnation,
        expected=None if expected is None else (expected.cluster_id, expected.member_id),
        first_start=launch.first_start,
        force_new_cluster=launch.force_new_cluster,
        trusted=dict(launch.trusted),
        joins=launch.joins,
    )


def _launch(staged: StagedLaunch) -> Launch:
    return Launch(
        configuration=staged.configuration,
        configuration_digest=staged.configuration_digest,
        binary_sha256=staged.binary_sha256,
        incarnation=staged.incarnation,
        expected=Identity(*staged.expected) if staged.expected else None,
        first_start=staged.first_start,
        force_new_cluster=staged.force_new_cluster,
        trusted=dict(staged.trusted),
        joins=staged.joins,
    )


def _read_launch(path: Path) -> StagedLaunch | None:
    """The launch in this file; None where there is none or it is damaged: then nothing starts from it."""
    try:
        return decode_launch(path.read_bytes())
    except (FileNotFoundError, Damaged):
        return None


def _json_object(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _free_name(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
