"""The history of a workload: one JSON object a line.

Events, with times in nanoseconds of CLOCK_MONOTONIC:
    invoke     id, process, client, endpoint, op, key, value, expect {value | revision}, time
    ok         id, time, revision, cluster, member, swapped, observed {value, mod_revision} or null for absent
               (no such field: the answer does not tell)
    fail       id, time, error: refused without effect
    unknown    id, time, error: it may have happened, or may yet happen
    read-back  time, revision, cluster, entries [{key, value, mod_revision}], last
    note       time, what, and details

A line is written before its request is sent, or as soon as its answer is known, by one unbuffered write: a
killed process loses nothing that it acknowledged. An operation without a further event is of unknown outcome.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.workload.requests import Answer, Expectation, Request


def expectation_fields(expect: Expectation) -> dict[str, object]:
    return {"revision": expect.revision} if expect.value is None else {"value": expect.value}


def invocation(number: int, process: int, request: Request) -> dict[str, object]:
    event: dict[str, object] = {
        "event": "invoke",
        "id": number,
        "process": process,
        "op": request.operation,
        "key": request.key,
    }
    if request.value:
        event["value"] = request.value
    if request.expect is not None:
        event["expect"] = expectation_fields(request.expect)
    return event


def acknowledgement(number: int, answer: Answer) -> dict[str, object]:
    event: dict[str, object] = {
        "event": "ok",
        "id": number,
        "revision": answer.revision,
        "cluster": answer.cluster,
        "member": answer.member,
        "swapped": answer.swapped,
    }
    if not answer.blind:
        event["observed"] = None if answer.observed is None else dataclasses.asdict(answer.observed)
    return event


class Recorder:
    """Writes a history.

    Args:
        path: the file to create.
        clock: nanoseconds of CLOCK_MONOTONIC.

    Raises:
        FileExistsError: there is a history already.
    """

    def __init__(self, path: Path, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self._clock = clock
        self._operations = 0

    def close(self) -> None:
        os.close(self._descriptor)

    def invoke(self, process: int, request: Request, *, client: int, endpoint: str) -> int:
        self._operations += 1
        event = invocation(self._operations, process, request)
        self._write({**event, "client": client, "endpoint": endpoint})
        return self._operations

    def ok(self, number: int, answer: Answer) -> None:
        self._write(acknowledgement(number, answer))

    def fail(self, number: int, error: str) -> None:
        self._write({"event": "fail", "id": number, "error": error})

    def unknown(self, number: int, error: str) -> None:
        self._write({"event": "unknown", "id": number, "error": error})

    def read_back(self, entries: Sequence[Mapping[str, object]], *, revision: int, cluster: str, last: bool) -> None:
        origin = {"revision": revision, "cluster": cluster}
        self._write({"event": "read-back", **origin, "entries": entries, "last": last})

    def note(self, what: str, **details: object) -> None:
        self._write({"event": "note", "what": what, **details})

    def _write(self, event: dict[str, object]) -> None:
        line = json.dumps({**event, "time": self._clock()}, separators=(",", ":")).encode() + b"\n"
        written = os.write(self._descriptor, line)
        if written != len(line):
            raise OSError(f"the history took {written} of {len(line)} bytes")


class Tail:
    """Reads a history that is still being written; a line without its end is left for later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def events(self) -> Iterator[dict[str, Any]]:
        """The events written since the last call, none while the file does not exist."""
        if not self._path.exists():
            return
        with self._path.open("rb") as history:
            history.seek(self._offset)
            for line in history:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                yield json.loads(line)
