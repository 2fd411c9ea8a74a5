"""An etcd that nobody but a plain script started: no agent, no supervisor, no volume marker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from etcd_ops.zone.process import look, wait_gone

GONE_SECONDS = 10.0


class ByHand:
    """One etcd process in a session of its own, as an operator's script leaves it behind.

    Args:
        program: etcd.
        configuration: keys and values of its configuration file.
        folder: where configuration and log are written.
    """

    def __init__(self, program: Path, configuration: Mapping[str, Any], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file, log = folder / "etcd.yaml", folder / "etcd.log"
        file.write_text(json.dumps(configuration))
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [program, "--config-file", file], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, env={"PATH": os.defpath},
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def runs(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it, where it still runs."""
        process = look(self.pid) if self.runs() else None
        if process is not None:
            self._process.send_signal(signal.SIGTERM)
            wait_gone([process], GONE_SECONDS)
        if self.runs():
            self._process.kill()
        self._process.wait()


def stranger(program: Path, data: Path, folder: Path, address: str) -> ByHand:
    """An etcd of one member, without TLS, that has nothing to do with any declared cluster."""
    client, peer = f"http://{address}:2379", f"http://{address}:2380"
    urls: Sequence[tuple[str, str]] = (("client", client), ("peer", peer))
    listeners = {f"listen-{name}-urls": url for name, url in urls}
    advertised = {"advertise-client-urls": client, "initial-advertise-peer-urls": peer}
    name = {"name": "stranger", "data-dir": str(data), "initial-cluster": f"stranger={peer}"}
    return ByHand(program, {**name, **listeners, **advertised}, folder)
