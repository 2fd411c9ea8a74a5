"""The workload as tests use it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from tests.workload import checker
from tests.workload.history import Tail
from tests.workload.options import LoadConfig, Options
from tests.workload.report import Outcomes, Phase, Report, summarize

REPOSITORY = Path(__file__).resolve().parents[2]
POLL = 0.02
LOG_TAIL = 4000


class Workload:
    """A continuous workload from a process of its own, whose history is judged at the end.

        with Workload(connection_file, directory) as workload:
            with workload.mark("restart"):
                ...
            workload.wait_for(acknowledged=20)
        report = workload.check()
        assert report.gap("restart") < 2.0

    Args:
        connection_file: see `connection`; may be replaced at any time.
        directory: takes the history, marks, log, verdict; created if absent.
        options: the bounds of the load.
        start_timeout: seconds within which the first write must be acknowledged.
        within: turns the load's command into one that becomes it where members are reached.
    """

    def __init__(
        self,
        connection_file: Path,
        directory: Path,
        options: Options | None = None,
        *,
        start_timeout: float = 120.0,
        within: Callable[..., list[str]] = lambda *command: list(command),
    ) -> None:
        self.options = options or Options()
        self.directory = directory
        self.history = directory / "history.jsonl"
        self._connection_file = connection_file
        self._start_timeout = start_timeout
        self._within = within
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._ended_early: str | None = None
        self._tail = Tail(self.history)
        self._outcomes = Outcomes()
        self._phases: list[Phase] = []
        self._started = 0

    def __enter__(self) -> Workload:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
        else:
            # The test has failed already: nothing is worth a wait for the read-back.
            self._kill()

    @property
    def pid(self) -> int:
        """The load process.

        Raises:
            RuntimeError: it was never started.
        """
        if self._process is None:
            raise RuntimeError("the workload was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the load, and return once a write is acknowledged.

        Raises:
            AssertionError: none was in time.
            FileExistsError: the directory holds a history already.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.history.exists():
            raise FileExistsError(self.history)
        config = self.directory / "load.json"
        LoadConfig(
            connection_file=str(self._connection_file.absolute()),
            history=str(self.history.absolute()),
            run=uuid.uuid4().hex[:8],
            parent=os.getpid(),
            options=self.options,
        ).write(config)
        with (self.directory / "load.log").open("wb") as log:
            self._process = subprocess.Popen(
                self._within(sys.executable, "-m", "tests.workload.load", str(config.absolute())),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The terminal's Ctrl-C is the test's affair; the load ends when the test does.
                start_new_session=True,
            )
        self._started = time.monotonic_ns()
        try:
            self.wait_for(acknowledged=1, timeout=self._start_timeout)
        except BaseException:
            self._kill()
            raise
        self._started = self._outcomes.writes[0]

    def stop(self) -> None:
        """End the load and let it read everything back; does nothing once it has ended."""
        process = self._process
        if process is None or self._stopped:
            return
        self._stopped = True
        if process.poll() is not None:
            self._ended_early = "the load ended before it was stopped"
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(self.options.read_back_timeout + self.options.request_timeout + 15)
        except subprocess.TimeoutExpired:
            self._kill()

    @contextlib.contextmanager
    def mark(self, name: str) -> Iterator[None]:
        """Bracket a phase, for `Report.gap` and `Report.phase`."""
        start = time.monotonic_ns()
        try:
            yield
        finally:
            phase = Phase(name, start, time.monotonic_ns())
            self._phases.append(phase)
            with (self.directory / "marks.jsonl").open("a") as marks:
                marks.write(json.dumps(dataclasses.asdict(phase)) + "\n")

    def acknowledged_writes(self) -> int:
        """How many writes were acknowledged up to now."""
        for event in self._tail.events():
            self._outcomes.take(event)
        return len(self._outcomes.writes)

    def wait_for(self, acknowledged: int, timeout: float = 120.0) -> None:
        """Wait for further acknowledged writes.

        Args:
            acknowledged: how many.
            timeout: seconds.

        Raises:
            AssertionError: they did not come in time, or the load has ended.
        """
        wanted = self.acknowledged_writes() + acknowledged
        self._await(
            lambda: self.acknowledged_writes() >= wanted,
            timeout,
            f"{acknowledged} further acknowledged writes",
        )

    def check(self, *, minimum: int = 10, timeout: float = 60.0) -> Report:
        """Stop the load and judge its history.

        Args:
            minimum: acknowledged writes below which nothing was proved.
            timeout: seconds the checker may take.

        Raises:
            AssertionError: the history is not that of one linearizable store, lacks its read-back, is too
                short, or the load did not last until it was stopped.
        """
        self.stop()
        report = self._report(timeout)
        (self.directory / "verdict.json").write_text(json.dumps(report.verdict, indent=2))
        (self.directory / "summary.json").write_text(json.dumps(dataclasses.asdict(report.summary), indent=2))
        faults = [self._ended_early, self._exit_fault(), *_verdict_faults(report, minimum)]
        found = [fault for fault in faults if fault]
        if found:
            raise AssertionError("\n".join([*found, f"history: {self.history}", self._log()]))
        return report

    def _report(self, timeout: float) -> Report:
        self.acknowledged_writes()
        outcomes = self._outcomes
        end = outcomes.reading_back_since or max((o.time for o in outcomes.outcomes), default=self._started)
        whole = Phase("", min(self._started, end), end)
        verdict = checker.judge(self.history, timeout=timeout, visualization=self.directory / "bad-key.html")
        summary = summarize([whole], outcomes.outcomes, outcomes.lags)
        summary = dataclasses.replace(summary, unknown=summary.unknown + outcomes.never_completed)
        return Report(summary, verdict, tuple(self._phases), tuple(outcomes.outcomes), tuple(outcomes.lags))

    def _exit_fault(self) -> str | None:
        if self._process is None:
            return "the workload was not started"
        status = self._process.returncode
        return None if status == 0 else f"the load process ended with status {status}"

    def _log(self) -> str:
        return (self.directory / "load.log").read_text(errors="replace")[-LOG_TAIL:]

    def _await(self, condition: Callable[[], bool], timeout: float, wanted: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                why = "the load has ended" if ended else f"not within {timeout} s"
                raise AssertionError(f"expected {wanted}: {why}\n{self._recent_errors()}{self._log()}")
            time.sleep(POLL)

    def _recent_errors(self) -> str:
        errors = [event for event in Tail(self.history).events() if "error" in event]
        return "".join(f"  {event['event']}: {event['error']}\n" for event in errors[-5:])

    def _kill(self) -> None:
        self._stopped = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _verdict_faults(report: Report, minimum: int) -> Iterator[str]:
    if not report.verdict["ok"]:
        yield checker.explain(dict(report.verdict))
    if report.summary.acknowledged_writes < minimum:
        yield f"only {report.summary.acknowledged_writes} writes were acknowledged, {minimum} were expected"
