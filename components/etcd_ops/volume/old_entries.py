"""How far back etcd's write-ahead log holds entries as etcd 3.5 writes them. Standard library only.

3.5 publishes members and the cluster version as v2 requests: raft entries whose data is a message `Request`
(etcdserverpb/etcdserver.proto in go.etcd.io/etcd/api/v3), where everything else is an `InternalRaftRequest`
(raft_internal.proto). Field 2 tells them apart: the method in the one; in the other a v2 request, which 3.7 reserves.
What etcd replays at its start is what lies after the newest snapshot that is not ahead of the committed index
(`ValidSnapshotEntries` and `ReadAll` in server/storage/wal/wal.go, 3.6.15 and 3.7.2). Entries that a later leader
replaced are not replayed; here they count until a snapshot covers them.

The log is read while etcd writes it: what was written before something that is seen is complete, and the last record
is believed by its checksum.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from etcd_ops.volume.protobuf import fields, varint
from etcd_ops.volume.wal import FRAME_BYTES, checksum, frame_size

LARGEST = 4 << 20
"""Bytes of a record whose checksum is still computed: more than a request may have (max-request-bytes), and less than
half a second's work."""

_FILE_NAME = re.compile(r"^[0-9a-f]{16}-([0-9a-f]{16})\.wal$")
_ENTRY, _STATE, _CRC, _SNAPSHOT = 2, 3, 4, 5
_NORMAL = b"\x00"
"""Type of an entry that is no change of membership (raftpb.EntryNormal)."""
_START_BYTES = 96
"""Of a record that are looked at: more than stands before an entry's data."""
_WINDOW_BYTES = 1 << 20

_V = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
"""A varint."""
_RECORD = re.compile(rb"\x08([\x01-\x05])\x10(%b)(?:\x1a%b)?" % (_V, _V))
"""Type and checksum (walpb/record.proto); generated code writes fields in the order of their numbers."""
_RAFT_ENTRY = re.compile(rb"\x08(%b)\x10%b\x18(%b)(?:\x22%b((?:\x08%b)?\x12)?)?" % (_V, _V, _V, _V, _V))
"""Type, index, and, where there is one, the beginning of a v2 request (raftpb/raft.proto of go.etcd.io/raft/v3)."""


class Extent(NamedTuple):
    """Raft indexes in a member's log; 0 where there is none."""

    old: int
    """The newest entry of 3.5. Behind a snapshot it is only looked for within reach."""
    snapshot: int
    """The newest valid snapshot."""
    last: int
    """The newest entry."""


class OldEntriesReader:
    """Reads a log, and the next time only what was added to it; keeps a few numbers of each file.

    Args:
        reach: how many entries behind the last one those of 3.5 are looked for, whether a snapshot covers them or not.
    """

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._files: dict[tuple[str, int], _File] = {}

    def read(self, data: Path) -> Extent | None:
        """Look at the log in a data directory.

        Args:
            data: etcd's data-dir.

        Returns:
            None where there is none, or it cannot be understood, or its end is just being written.

        Raises:
            OSError
        """
        folder = data / "member" / "wal"
        seen: dict[tuple[str, int], _File] = {}
        try:
            return self._extent(folder, seen)
        except (FileNotFoundError, NotADirectoryError, _Unreadable):
            return None
        finally:
            self._files = seen

    def _extent(self, folder: Path, seen: dict[tuple[str, int], _File]) -> Extent | None:
        """From the newest file back to the one before which nothing matters."""
        names = sorted(path.name for path in folder.iterdir() if _FILE_NAME.match(path.name))
        found: Extent | None = None
        files: list[_File] = []
        for name in reversed(names):
            files.append(self._read(folder / name, seen))
            found = _extent_of(files)
            if found is not None and _first_index(name) <= min(found.snapshot, found.last - self._reach):
                break
        return found

    def _read(self, path: Path, seen: dict[tuple[str, int], _File]) -> _File:
        with path.open("rb", buffering=0) as opened:
            key = (path.name, os.fstat(opened.fileno()).st_ino)
            file = seen[key] = self._files.get(key) or _File()
            _advance(file, opened.fileno())
        return file


class _Unreadable(Exception):
    """Something that is not what etcd writes, or not yet."""


@dataclass(slots=True)
class _File:
    """One file of the log, as far as it was read."""

    offset: int = 0
    """Of the first record that was not read yet."""
    crc: bytes = b"\x00"
    """The log's checksum up to there, as a varint."""
    old: int = 0
    last: bytes = b"\x00"
    """Index of the last entry, as a varint."""
    snapshots: list[int] = field(default_factory=list)
    state: tuple[bytes, bytes] | None = None
    """The last hard state's record, and the checksum before it."""


class _Frame(NamedTuple):
    offset: int
    size: int
    """Of the record, in bytes."""
    start: bytes
    """The record's first bytes."""
    end: int
    """Offset of the next frame."""


def _first_index(name: str) -> int:
    found = _FILE_NAME.match(name)
    assert found is not None
    return int(found[1], 16)


def _extent_of(files: list[_File]) -> Extent | None:
    """What these files say together, the newest first; None where no snapshot among them is valid."""
    committed = next((_committed(*file.state) for file in files if file.state is not None), 0)
    valid = [index for file in files for index in file.snapshots if index <= committed]
    if not valid:
        return None
    last = max(_number(file.last) for file in files)
    return Extent(max(file.old for file in files), max(valid), last)


def _advance(file: _File, descriptor: int) -> None:
    """Read the records that were added.

    Raises:
        _Unreadable: not to the end; `file` is as far as it was read.
    """
    last = -1
    for frame in _frames(descriptor, file.offset):
        last = frame.offset
    for frame in _frames(descriptor, file.offset):
        if frame.offset > last:
            return
        if frame.offset == last:
            _content(_whole(descriptor, frame), file.crc)
        _take(file, descriptor, frame)


def _frames(descriptor: int, offset: int) -> Iterator[_Frame]:
    """The frames from `offset` on: up to the file's end, or to the space that etcd keeps in reserve."""
    window, base, length = b"", offset, os.fstat(descriptor).st_size
    while True:
        if offset + FRAME_BYTES + _START_BYTES > base + len(window):
            window, base = os.pread(descriptor, _WINDOW_BYTES, offset), offset
        begin = offset - base + FRAME_BYTES
        size, padding = frame_size(int.from_bytes(window[begin - FRAME_BYTES : begin], "little"))
        if not size:
            return
        end = offset + FRAME_BYTES + size + padding
        if end > length:
            raise _Unreadable
        yield _Frame(offset, size, window[begin : begin + min(size, _START_BYTES)], end)
        offset = end


def _take(file: _File, descriptor: int, frame: _Frame) -> None:
    record = _RECORD.match(frame.start)
    if record is None:
        raise _Unreadable
    kind = record[1][0]
    if kind == _ENTRY:
        _take_entry(file, frame.start, record.end())
    elif kind == _STATE:
        file.state = (frame.start, file.crc)
    elif kind == _SNAPSHOT:
        file.snapshots.append(_field(_content(_whole(descriptor, frame), file.crc), 1))
    file.crc, file.offset = record[2], frame.end


def _take_entry(file: _File, start: bytes, offset: int) -> None:
    entry = _RAFT_ENTRY.match(start, offset)
    if entry is None:
        raise _Unreadable
    file.last = entry[2]
    if entry[3] and entry[1] == _NORMAL:
        file.old = max(file.old, _number(entry[2]))


def _whole(descriptor: int, frame: _Frame) -> bytes:
    if frame.size > LARGEST:
        raise _Unreadable
    return os.pread(descriptor, frame.size, frame.offset + FRAME_BYTES)


def _content(record: bytes, crc: bytes) -> bytes:
    """The data of a record, by its checksum and the one before it."""
    found = fields(record) or {}
    kind, content = found.get(1), found.get(3, b"")
    if not isinstance(content, bytes) or kind is None:
        raise _Unreadable
    # The record of the checksum itself has no content: it repeats the one before it.
    if found.get(2) != checksum(content, _number(crc)) and kind != _CRC:
        raise _Unreadable
    return content


def _committed(record: bytes, crc: bytes) -> int:
    return _field(_content(record, crc), 3)


def _field(message: bytes, number: int) -> int:
    """A number in a message; 0 where it is left out."""
    value = (fields(message) or {}).get(number, 0)
    if not isinstance(value, int):
        raise _Unreadable
    return value


def _number(encoded: bytes) -> int:
    found = varint(encoded)
    if found is None:
        raise _Unreadable
    return found[0]
