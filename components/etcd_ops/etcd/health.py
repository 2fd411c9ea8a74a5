"""Probes etcd's own HTTP listener for health and metrics, which is on loopback and speaks without TLS."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

_CLUSTER_VERSION = re.compile(r'^etcd_cluster_version\{cluster_version="([^"]*)"\} 1$', re.MULTILINE)
_CHECK_LINE = re.compile(r"^\[([+-])\](\S+) ?(.*)$")


class ProbeFailed(Exception):
    """The listener gave no usable answer."""


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict of `/health`: no alarm, a leader, and a linearizable read."""

    healthy: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    passed: bool
    message: str


@dataclass(frozen=True, slots=True)
class Checks:
    """The verdict of `/readyz` or `/livez`, check by check."""

    passed: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: str


class EndpointHealth:
    """The listener at one of etcd's `listen-metrics-urls`, such as http://127.0.0.1:2381.

    Every call takes a `timeout` in seconds and raises `ProbeFailed`.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise ValueError(f"{url!r} is not the URL of a metrics listener such as http://127.0.0.1:2381")
        self.url = url.rstrip("/")
        self._host = parts.hostname
        self._port = parts.port

    async def health(self, *, timeout: float, exclude: Sequence[str] = ()) -> Health:
        """Whether the member serves; `exclude` names alarms to overlook, such as NOSPACE."""
        query = "?" + urlencode([("exclude", alarm) for alarm in exclude]) if exclude else ""
        answer = await self._get(f"/health{query}", timeout)
        try:
            verdict = json.loads(answer.body)
            return Health(verdict["health"] == "true", verdict.get("reason", ""))
        except (ValueError, TypeError, KeyError):
            raise ProbeFailed(f"{self.url}/health answered {answer.status}: {answer.body[:200]!r}") from None

    async def readyz(self, *, timeout: float) -> Checks:
        """Whether the member may be sent requests."""
        return self._checks("/readyz", await self._get("/readyz?verbose", timeout))

    async def livez(self, *, timeout: float) -> Checks:
        """Whether the process works; a member without a quorum does."""
        return self._checks("/livez", await self._get("/livez?verbose", timeout))

    async def metrics(self, *, timeout: float) -> str:
        """The metrics in Prometheus' text format."""
        answer = await self._get("/metrics", timeout)
        if answer.status != 200:
            raise ProbeFailed(f"{self.url}/metrics answered {answer.status}: {answer.body[:200]!r}")
        return answer.body

    async def cluster_version(self, *, timeout: float) -> str:
        """The cluster version as this member knows it, such as 3.6; empty before there is one.

        From the metrics: `/version`, which tells it too, is only served to clients and peers (serveMetrics in
        server/embed/etcd.go, 3.5 to 3.7).
        """
        found = _CLUSTER_VERSION.search(await self.metrics(timeout=timeout))
        return found[1] if found else ""

    def _checks(self, path: str, answer: _Answer) -> Checks:
        lines = [found.groups() for line in answer.body.splitlines() if (found := _CHECK_LINE.match(line))]
        if not lines or answer.status not in {200, 503}:
            raise ProbeFailed(f"{self.url}{path} answered {answer.status}: {answer.body[:200]!r}")
        checks = tuple(Check(name, sign == "+", message) for sign, name, message in lines)
        return Checks(answer.status == 200, checks)

    async def _get(self, path: str, timeout: float) -> _Answer:
        try:
            return await asyncio.wait_for(self._exchange(path), timeout)
        except asyncio.TimeoutError:
            raise ProbeFailed(f"{self.url}{path}: no answer within {timeout:g} s") from None
        except (OSError, ValueError, IndexError) as error:
            raise ProbeFailed(f"{self.url}{path}: {error}") from error

    async def _exchange(self, path: str) -> _Answer:
        # In HTTP/1.0 an answer is plain bytes until the server closes: no chunks, nothing to keep alive.
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {self._host}:{self._port}\r\n\r\n".encode("ascii"))
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        return _Answer(int(head.split(b" ", 2)[1]), body.decode("utf-8", "replace"))
