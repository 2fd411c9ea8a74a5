"""A client of a Kubernetes API server that creates, updates and watches objects, and what must be true of what it saw.

Every write that the API server acknowledged is later read, and seen by a watch that is taken up again where it broke
off, and by it in the order of revisions. A write without an answer may have happened or not.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.servers.kubernetes import KubernetesServer

PAUSE = 0.05
"""Seconds between two writes, and before another try."""
UPDATES = 3
"""Of every object, after it was created."""


@dataclass(frozen=True)
class Version:
    """One version of one object."""

    name: str
    revision: int
    number: str
    """The last update that it has."""


@dataclass
class History:
    """What the client did and saw."""

    acknowledged: list[Version] = field(default_factory=list)
    watched: list[Version] = field(default_factory=list)
    interruptions: int = 0
    """Writes without an answer, and watches that broke off."""
    problems: list[str] = field(default_factory=list)


def violations(history: History, found: list[Version]) -> list[str]:
    """What must not be: pure.

    Args:
        history: of the client; its watch has gone on until it saw the last acknowledged write.
        found: what is there in the end.
    """
    seen, latest = set(history.watched), {each.name: each for each in found}
    revisions = [each.revision for each in history.watched]
    told = [f"{each} was acknowledged, and no watch saw it" for each in history.acknowledged if each not in seen]
    told += [
        f"{each} was acknowledged, and {latest.get(each.name)} is there"
        for each in history.acknowledged
        if each.name not in latest or latest[each.name].revision < each.revision
    ]
    told += [f"{each} is there, and no watch saw it" for each in found if each not in seen]
    if revisions != sorted(set(revisions)):
        told.append("a watch saw revisions twice, or out of order")
    return told + history.problems


class ObjectsLoad:
    """Writes and watches ConfigMaps of a namespace of its own.

    Args:
        server: the API server; it may come and go.
        namespace: made by the load.
    """

    def __init__(self, server: KubernetesServer, namespace: str) -> None:
        self._server, self._path = server, f"/api/v1/namespaces/{namespace}/configmaps"
        server.make_namespace(namespace)
        self.history = History()
        self._revision = 0
        self._stop, self._stop_watching = threading.Event(), threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Both threads for as long as the block lasts; then everything must be as it should."""
        began = int(self._list()["metadata"]["resourceVersion"])
        threads = [
            threading.Thread(target=self._write, daemon=True),
            threading.Thread(target=self._watch, args=(began,), daemon=True),
        ]
        for each in threads:
            each.start()
        try:
            yield
            self._stop.set()
            threads[0].join()
            self._catch_up()
        finally:
            for stop in (self._stop, self._stop_watching):
                stop.set()
            for each in threads:
                each.join()
        assert violations(self.history, self._found()) == []

    def wait_for(self, acknowledged: int, seconds: float = 120.0) -> None:
        """Wait for so many more acknowledged writes.

        Raises:
            AssertionError: they did not come in time.
        """
        goal, until = len(self.history.acknowledged) + acknowledged, time.monotonic() + seconds
        while len(self.history.acknowledged) < goal:
            assert time.monotonic() < until, f"no {acknowledged} writes within {seconds:g} s"
            time.sleep(PAUSE)

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            self._write_object(f"object-{number}")
            number += 1

    def _write_object(self, name: str) -> None:
        """Create and update one object, as far as answers come."""
        content: dict[str, Any] = {"metadata": {"name": name}, "data": {"number": "0"}}
        path, method = self._path, "POST"
        for number in range(UPDATES + 1):
            content["data"] = {"number": str(number)}
            answer = self._try(method, path, content)
            if answer is None or self._stop.is_set():
                return
            content, path, method = answer, f"{self._path}/{name}", "PUT"
            time.sleep(PAUSE)

    def _try(self, method: str, path: str, content: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer = self._server.request(method, path, content)
        except httpx2.HTTPStatusError as problem:
            if problem.response.status_code < 500 and problem.response.status_code != 429:
                self.history.problems.append(f"{method} {path}: {problem.response.text[:200]}")
        except httpx2.HTTPError:
            pass
        else:
            self.history.acknowledged.append(_version(answer))
            return answer
        self.history.interruptions += 1
        time.sleep(PAUSE)
        return None

    def _watch(self, revision: int) -> None:
        """Go on where it broke off, for as long as that is wanted."""
        self._revision = revision
        while not self._stop_watching.is_set() and not self.history.problems:
            self._watch_once()

    def _watch_once(self) -> None:
        try:
            for event in self._events(self._revision):
                self._see(event)
        except httpx2.HTTPError:
            self.history.interruptions += 1
            time.sleep(PAUSE)

    def _see(self, event: dict[str, Any]) -> None:
        if event["type"] not in ("ADDED", "MODIFIED"):
            self.history.problems.append(f"a watch from {self._revision} told {json.dumps(event)[:300]}")
            return
        version = _version(event["object"])
        self.history.watched.append(version)
        self._revision = version.revision

    def _events(self, revision: int) -> Iterator[dict[str, Any]]:
        query = {"watch": "true", "resourceVersion": str(revision), "timeoutSeconds": "5"}
        with self._server.client() as client, client.stream("GET", self._path, params=query) as answer:
            if answer.status_code == 410:
                yield {"type": "GONE", "object": {}}
                return
            answer.raise_for_status()
            yield from map(json.loads, answer.iter_lines())

    def _catch_up(self, seconds: float = 60.0) -> None:
        """Let the watch see all that is there; what it never sees is found by `violations`."""
        until = time.monotonic() + seconds
        while set(self._found()) - set(self.history.watched) and time.monotonic() < until:
            time.sleep(PAUSE)

    def _found(self) -> list[Version]:
        return [_version(each) for each in self._list()["items"] if each["metadata"]["name"].startswith("object-")]

    def _list(self) -> dict[str, Any]:
        return self._server.request("GET", self._path)


def _version(found: dict[str, Any]) -> Version:
    metadata = found["metadata"]
    return Version(metadata["name"], int(metadata["resourceVersion"]), found.get("data", {}).get("number", ""))
