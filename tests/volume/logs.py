"""Write-ahead logs as etcd writes them, record by record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etcd_ops.volume.wal import checksum
from tests.volume.heads import CLUSTER, MEMBER, record, varint

PUBLISHED = bytes.fromhex(
    "088190c8c1efcff88b21120350 55541a202f302f6d656d626572732f386539653035633532313634363934642f61747472696275746573"
    "223b7b226e616d65223a2261222c22636c69656e7455524c73223a5b22687474703a2f2f3132372e302e3137312e313a32333739225d7d"
)
"""The beginning of what 3.5.34 writes when a member publishes itself (etcdserverpb.Request)."""
PUT = bytes.fromhex("22060a016b12017aa206090880aad7eadfb4f9b903")
"""What 3.5 to 3.7 write for a put (etcdserverpb.InternalRaftRequest)."""
WRAPPED = b"\x08\x01\x12\x07\x08\x05\x12\x03PUT"
"""A v2 request within an InternalRaftRequest."""


@dataclass(frozen=True)
class Entry:
    index: int
    data: bytes | None = PUT
    kind: int = 0
    """0: normal, 1: a change of membership."""

    @property
    def old(self) -> bool:
        return self.kind == 0 and self.data in (PUBLISHED, WRAPPED)

    def encode(self) -> tuple[int, bytes]:
        data = b"" if self.data is None else b"\x22" + varint(len(self.data)) + self.data
        return 2, b"\x08" + varint(self.kind) + b"\x10" + varint(3) + b"\x18" + varint(self.index) + data


@dataclass(frozen=True)
class Committed:
    index: int

    def encode(self) -> tuple[int, bytes]:
        return 3, b"\x08\x03\x10" + varint(MEMBER) + b"\x18" + varint(self.index)


@dataclass(frozen=True)
class Snapshot:
    index: int

    def encode(self) -> tuple[int, bytes]:
        return 5, b"\x08" + varint(self.index) + b"\x10\x03\x1a\x0a\x0a\x08" + varint(MEMBER)[:8]


Item = Entry | Committed | Snapshot


class Log:
    """A log's files; each begins as etcd's do, with the checksum, the metadata and the last hard state."""

    def __init__(self) -> None:
        self.crc = 0
        self.last = 0
        self.committed: Committed | None = None
        self.files: dict[str, list[bytes]] = {}
        self.cut()
        self.add(Snapshot(0))

    def cut(self) -> None:
        """Begin another file."""
        self.files[f"{len(self.files):016x}-{self.last + 1 if self.files else 0:016x}.wal"] = [record(4, self.crc)]
        self._append(1, b"\x08" + varint(MEMBER) + b"\x10" + varint(CLUSTER))
        if self.committed is not None:
            self.add(self.committed)

    def add(self, item: Item) -> None:
        if isinstance(item, Entry):
            self.last = item.index
        if isinstance(item, Committed):
            self.committed = item
        self._append(*item.encode())

    def _append(self, kind: int, data: bytes) -> None:
        self.crc = checksum(data, self.crc)
        self.newest.append(record(kind, self.crc, data))

    @property
    def newest(self) -> list[bytes]:
        """Records of the newest file."""
        return self.files[max(self.files)]

    def write(self, data: Path, reserve: int = 4096) -> Path:
        """Write the log into a data directory; returns the newest file.

        Args:
            reserve: bytes that etcd keeps at the end of the newest file.
        """
        folder = data / "member" / "wal"
        folder.mkdir(parents=True, exist_ok=True)
        for name, records in self.files.items():
            # Over what is there, as etcd does: the file stays the same one.
            with (folder / name).open("r+b" if (folder / name).exists() else "wb") as file:
                file.write(b"".join(records) + bytes(reserve if name == max(self.files) else 0))
                file.truncate()
        return folder / max(self.files)
