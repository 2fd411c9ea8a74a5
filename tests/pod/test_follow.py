"""A log's lines as they are written."""

from __future__ import annotations

import threading
from pathlib import Path

from etcd_ops.pod.follow import appended
from tests.runtime.member import eventually


def test_every_line_is_seen_once_also_when_another_file_takes_the_place(tmp_path: Path) -> None:
    log = tmp_path / "etcd.log"
    seen: list[bytes] = []
    threading.Thread(target=lambda: seen.extend(appended(log, pause=0.01)), daemon=True).start()

    def text() -> bytes:
        return b"".join(seen)

    with log.open("ab") as first:
        first.write(b"one\n")
        first.flush()
        eventually(lambda: text() == b"one\n")
        first.write(b"two\n")
        log.rename(tmp_path / "etcd.log.1")
    with log.open("ab") as second:
        second.write(b"three\n")
    eventually(lambda: text() == b"one\ntwo\nthree\n")
