"""A member's etcd as a service of systemd, steered by systemctl.

States and properties: systemctl(1) and org.freedesktop.systemd1(5), of version 252.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from etcd_ops.model.facts import ProcessFacts
from etcd_ops.runtime.etcd_process import is_etcd
from etcd_ops.runtime.log_tail import explain
from etcd_ops.runtime.port import RuntimeUnavailable
from etcd_ops.zone.process import Process, look, uptime

ANSWER_SECONDS = 5.0
"""A systemd that takes longer for one answer hangs."""
LAUNCH_SECONDS = 15.0
"""For the checks before the launcher, and the launcher, which may read the channel (2 s)."""
KILL_SECONDS = 20.0
"""For SIGKILL to take effect."""
_PAUSE = 0.1
_LOG_LINES = 200
_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "MainPID", "ExecMainStatus", "InvocationID")
_ENDED = frozenset({"inactive", "failed"})
_BETWEEN_TRIES = "auto-restart"

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Unit:
    """A service as systemd knows it now."""

    active: str
    sub: str
    result: str
    status: str
    """Exit status of the newest main process."""
    invocation: str
    """Names one run of the unit in the journal; empty where it never ran since the machine was started."""
    process: Process | None

    @property
    def ended(self) -> bool:
        """Nothing of it runs, and nothing will before it is asked to."""
        return self.active in _ENDED and self.process is None

    @property
    def failed(self) -> bool:
        """Its newest run has failed, whether or not systemd tries again by itself."""
        return self.active == "failed" or self.sub == _BETWEEN_TRIES


def parse(text: str) -> dict[str, str]:
    """The properties that `systemctl show` prints, a line each."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class SystemdRuntime:
    """Implements `etcd_ops.runtime.port.Runtime`.

    Args:
        unit: name of the service.
        timeout: seconds that systemd may take for one answer.
    """

    def __init__(self, unit: str, timeout: float = ANSWER_SECONDS) -> None:
        self._unit, self._timeout = unit, timeout
        self._failed = ""
        """Why the newest start ended, for as long as only systemd tries again."""

    async def process(self) -> ProcessFacts:
        """The process now; a launcher that is still at work is not etcd yet, and what failed before it is not mended.

        Raises:
            RuntimeUnavailable
        """
        return await self._apart(self._process)

    async def start(self) -> None:
        """Ask for etcd to run; returns once it does, or has already failed. Idempotent.

        Raises:
            RuntimeUnavailable
        """
        self._failed = ""
        await self._apart(self._start)

    async def stop(self, grace: float) -> None:
        """End etcd: SIGTERM, then SIGKILL after `grace` seconds; returns once it is gone. Idempotent.

        Raises:
            RuntimeUnavailable: also when the process could not be proved gone.
        """
        self._failed = ""
        await self._apart(lambda: self._stop(grace))

    async def _apart(self, action: Callable[[], Result]) -> Result:
        return await asyncio.to_thread(action)

    def _process(self) -> ProcessFacts:
        unit = self._look()
        if unit.process is not None and is_etcd(unit.process):
            self._failed = ""
            return ProcessFacts(running=True, pid=unit.process.pid, uptime=uptime(unit.process))
        if unit.failed:
            self._failed = self._failure(unit)
        elif unit.ended:
            self._failed = ""
        return ProcessFacts(running=False, failure=self._failed)

    def _start(self) -> None:
        # Without waiting for the job: etcd is only ready once a quorum is, and that may take for ever.
        self._ask("systemctl", "start", "--no-block", self._unit)
        until = time.monotonic() + LAUNCH_SECONDS
        while time.monotonic() < until:
            time.sleep(_PAUSE)
            unit = self._look()
            if (unit.process is not None and is_etcd(unit.process)) or unit.failed:
                break
        self._process()  # it may have failed already, and be tried again before anybody looks

    def _stop(self, grace: float) -> None:
        self._ask("systemctl", "stop", "--no-block", self._unit)
        if self._gone_within(grace):
            return
        self._ask("systemctl", "kill", "--signal=SIGKILL", self._unit)
        if not self._gone_within(KILL_SECONDS):
            raise RuntimeUnavailable(f"{self._unit} still runs {KILL_SECONDS:.0f} s after SIGKILL")

    def _gone_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not self._look().ended:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE)
        return True

    def _look(self) -> Unit:
        wanted = ",".join(_PROPERTIES)
        found = parse(self._ask("systemctl", "show", f"--property={wanted}", self._unit))
        missing = [name for name in _PROPERTIES if name not in found]
        if missing or found["LoadState"] != "loaded":
            state = f"is {found.get('LoadState', 'unknown')}" if not missing else f"has no {', '.join(missing)}"
            raise RuntimeUnavailable(f"{self._unit} {state}: is this machine prepared?")
        return Unit(
            active=found["ActiveState"],
            sub=found["SubState"],
            result=found["Result"],
            status=found["ExecMainStatus"],
            invocation=found["InvocationID"],
            process=look(int(found["MainPID"])),
        )

    def _failure(self, unit: Unit) -> str:
        """Why it ended, in its own words."""
        reason = explain(self._log(unit)) if unit.invocation else ""
        return reason or f"{unit.result}: exit status {unit.status}"

    def _log(self, unit: Unit) -> str:
        return self._ask(
            "journalctl", "--quiet", "--no-pager", "--output=cat", f"--lines={_LOG_LINES}",
            f"_SYSTEMD_INVOCATION_ID={unit.invocation}", f"_SYSTEMD_UNIT={self._unit}",
        )  # fmt: skip

    def _ask(self, *words: str) -> str:
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise RuntimeUnavailable(f"{self._unit}: {problem}") from problem
        if done.returncode != 0:
            text = done.stderr.decode(errors="replace").strip()
            raise RuntimeUnavailable(f"{' '.join(words[:2])} {self._unit}: exit status {done.returncode}: {text}")
        return done.stdout.decode(errors="replace")
