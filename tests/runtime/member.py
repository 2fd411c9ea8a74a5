"""One real member on a volume: what the launcher needs, staged as an agent would."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from etcd_ops.model.facts import Identity, Launch, Memory, VolumeFacts
from etcd_ops.volume.binaries import cache_binary
from etcd_ops.volume.directory import DirectoryVolume
from etcd_ops.volume.provision import create_volume, write_agent_config
from tests.servers.ports import free_block

T = TypeVar("T")


@dataclass(frozen=True)
class Programs:
    """etcd, cached on a volume once; other volumes get links to that copy."""

    folder: Path
    sha256: str

    @staticmethod
    def cache(etcd: Path, folder: Path) -> Programs:
        sha256 = hashlib.sha256(etcd.read_bytes()).hexdigest()
        cache_binary(folder, str(etcd), sha256)
        return Programs(folder / "member" / "bin", sha256)

    def link(self, volume: Path) -> None:
        shutil.copytree(self.folder, volume / "member" / "bin", copy_function=os.link)


class MemberVolume:
    """A marked volume with a cached program, and ports of its own."""

    def __init__(self, path: Path, slot: str, programs: Programs, address: str) -> None:
        self.path, self.slot, self.address = path, slot, address
        self.port = free_block(2, address)
        self.volume = DirectoryVolume(path, slot, "local")
        self._programs = programs
        create_volume(path, slot, "local")
        programs.link(path)

    @property
    def etcd(self) -> Path:
        return self.path / "member" / "bin" / self._programs.sha256 / "etcd"

    def launch(self, **changes: Any) -> Launch:
        settings = self.settings(**changes.pop("settings", {}))
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
        usual = Launch(
            configuration=text,
            configuration_digest=hashlib.sha256(text.encode()).hexdigest(),
            binary_sha256=self._programs.sha256,
            incarnation=1,
            expected=None,
            first_start=True,
        )
        return replace(usual, **changes)

    def settings(self, **changes: Any) -> dict[str, Any]:
        client, peer = (f"http://{self.address}:{self.port + offset}" for offset in (0, 1))
        return {
            "name": self.slot,
            "data-dir": str(self.path / "data"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"{self.slot}={peer}",
            "heartbeat-interval": 10,
            "election-timeout": 100,
            "unsafe-no-fsync": True,
            **changes,
        }

    def stage(self, **changes: Any) -> Launch:
        launch = self.launch(**changes)
        asyncio.run(self.volume.stage(launch))
        return launch

    def remember(self, **changes: Any) -> None:
        asyncio.run(self.volume.remember(replace(Memory(), **changes)))

    def channel(self, connection: dict[str, Any]) -> None:
        write_agent_config(self.path, {"cluster": "local", "slot": self.slot, "channel": connection})

    def facts(self) -> VolumeFacts:
        return asyncio.run(self.volume.facts())

    @property
    def identity(self) -> Identity:
        identity = self.facts().identity
        assert identity is not None
        return identity

    def healthy(self) -> bool:
        return self.get("/health") == b'{"health":"true","reason":""}'

    def get(self, path: str, body: object = None) -> bytes:
        """What etcd answers; nothing where it does not."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=2)
        try:
            connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body))
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return b""
        finally:
            connection.close()

    def members(self) -> list[str]:
        """Names in the member list, as the member itself tells."""
        answer = json.loads(self.get("/v3/cluster/member/list", {}) or "{}")
        return sorted(member.get("name", "") for member in answer.get("members", []))

    def put(self, key: str) -> bool:
        return b"revision" in self.get("/v3/kv/put", {"key": encoded(key), "value": encoded(key)})

    def has(self, key: str) -> bool:
        return b'"count":"1"' in self.get("/v3/kv/range", {"key": encoded(key)})


def encoded(text: str) -> str:
    """Bytes as etcd's JSON gateway takes them."""
    return base64.b64encode(text.encode()).decode()


def launcher(volume: Path) -> list[str]:
    return [sys.executable, "-m", "etcd_ops.runtime.launch", str(volume)]


def start(volume: Path, **environment: str) -> subprocess.Popen[str]:
    """Run the launcher as a child of the test."""
    return subprocess.Popen(
        launcher(volume),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )


def refused(volume: Path, **environment: str) -> str:
    """Why the launcher does not start etcd; it must say so in one line and end with status 0."""
    process = start(volume, **environment)
    try:
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    lines = [line for line in output.splitlines() if line.startswith("etcd-ops launch: not started: ")]
    assert (process.returncode, len(lines)) == (0, 1), output
    return lines[0].removeprefix("etcd-ops launch: not started: ")


def eventually(condition: Callable[[], T], within: float = 60.0, pause: float = 0.02) -> T:
    """The condition's value as soon as it is true.

    Raises:
        AssertionError: it did not become true within so many seconds.
    """
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within:g} s; last: {value!r}"
        time.sleep(pause)
    return value
