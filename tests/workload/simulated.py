"""Hand-made histories: a builder, and one linearizable store to make good ones with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.workload.history import acknowledgement, invocation
from tests.workload.requests import Answer, Expectation, Operation, Request, Version

CLUSTER = "c1"


class SimulatedEtcd:
    """Revisions and versions of one etcd, without time: what `apply` does, it does at once.

    Args:
        revision: the first write is at the next one.
    """

    def __init__(self, revision: int = 1) -> None:
        self.revision = revision
        self.versions: dict[str, Version] = {}

    def apply(self, request: Request) -> Answer:
        before = self.versions.get(request.key)
        swapped = request.operation == "cas" and _fulfils(before, request.expect)
        if request.operation in {"put", "append"} or swapped:
            self.revision += 1
            self.versions[request.key] = Version(request.value, self.revision)
        if request.operation == "delete" and before is not None:
            self.revision += 1
            del self.versions[request.key]
        blind = request.operation in {"put", "append"}
        observed = None if blind else before
        return Answer(self.revision, CLUSTER, "m1", blind=blind, observed=observed, swapped=swapped)


def _fulfils(version: Version | None, expect: Expectation | None) -> bool:
    if expect is None:
        raise ValueError("a compare-and-swap needs an expectation")
    if expect.value is not None:
        return version is not None and version.value == expect.value
    return expect.revision == (0 if version is None else version.mod_revision)


class History:
    """Writes a history event by event, at times of its own choosing."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self._now = 0
        self._operations = 0

    def invoke(self, request: Request, process: int = 0) -> int:
        self._operations += 1
        self._add(invocation(self._operations, process, request))
        return self._operations

    def ok(self, number: int, answer: Answer) -> None:
        self._add(acknowledgement(number, answer))

    def fail(self, number: int) -> None:
        self._add({"event": "fail", "id": number, "error": "refused"})

    def unknown(self, number: int) -> None:
        self._add({"event": "unknown", "id": number, "error": "timed out"})

    def read_back(self, versions: Mapping[str, Version], revision: int) -> None:
        entries = [
            {"key": key, "value": version.value, "mod_revision": version.mod_revision}
            for key, version in versions.items()
        ]
        origin = {"revision": revision, "cluster": CLUSTER}
        self._add({"event": "read-back", **origin, "entries": entries, "last": True})

    def write(self, path: Path) -> Path:
        path.write_text("".join(json.dumps(event) + "\n" for event in self.events))
        return path

    def _add(self, event: dict[str, object]) -> None:
        self._now += 10
        self.events.append({**event, "time": self._now})


class Scenario:
    """A history whose operations run one after the other against a simulated etcd, unless said otherwise."""

    def __init__(self) -> None:
        self.history = History()
        self.etcd = SimulatedEtcd()

    def do(self, operation: Operation, key: str = "x", value: str = "", expect: Expectation | None = None) -> Answer:
        """Carry out and record one operation."""
        request = Request(operation, key, value, expect)
        number = self.history.invoke(request)
        answer = self.etcd.apply(request)
        self.history.ok(number, answer)
        return answer

    def claim(
        self,
        operation: Operation,
        answer: Answer,
        key: str = "x",
        value: str = "",
        expect: Expectation | None = None,
    ) -> None:
        """Record an answer that etcd did not give."""
        number = self.history.invoke(Request(operation, key, value, expect))
        self.history.ok(number, answer)

    def answer(
        self,
        observed: Version | None = None,
        *,
        revision: int | None = None,
        swapped: bool = False,
        blind: bool = False,
    ) -> Answer:
        """An answer to claim, at the current revision unless another is given."""
        revision = self.etcd.revision if revision is None else revision
        return Answer(revision, CLUSTER, "m1", blind=blind, observed=observed, swapped=swapped)

    def finish(self, path: Path) -> Path:
        """Read back and write the history."""
        appended = {key: found for key, found in self.etcd.versions.items() if key.startswith("append")}
        self.history.read_back(appended, self.etcd.revision)
        return self.history.write(path)
