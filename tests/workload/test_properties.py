"""Histories of a simulated etcd are accepted, and every one of them with one answer falsified is rejected."""

from __future__ import annotations

import copy
import dataclasses
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.workload import checker
from tests.workload.options import Options
from tests.workload.requests import Answer, Request, Requests
from tests.workload.simulated import History, SimulatedEtcd

PROCESSES = 4
Events = list[dict[str, Any]]


@dataclasses.dataclass
class Pending:
    number: int
    request: Request
    answer: Answer | None = None


class Schedule:
    """Interleaves processes: an operation is invoked, takes effect, and returns at moments of their own.

    Args:
        choices: decides everything.
        lossy: share of operations whose answer is lost; half of them take effect, at some later time.
    """

    def __init__(self, choices: random.Random, lossy: float) -> None:
        self._choices = choices
        self._lossy = lossy
        self._requests = Requests(Options(keys=2, append_share=0.1, seed=choices.randrange(1 << 30)), "run")
        self._pending: dict[int, Pending] = {}
        self._late: list[Request] = []
        self._lost = 0
        self.history = History()
        self.etcd = SimulatedEtcd()

    def run(self, steps: int) -> Events:
        for _ in range(steps):
            self._step(self._choices.randrange(PROCESSES))
        for process in list(self._pending):
            self._step(process)
            if process in self._pending:
                self._step(process)
        for key in self._requests.registers:
            self._now(Request("get", key))
        appended = {k: v for k, v in self.etcd.versions.items() if "/append/" in k}
        self.history.read_back(appended, self.etcd.revision)
        return self.history.events

    def _step(self, process: int) -> None:
        if self._late and self._choices.random() < 0.2:
            self.etcd.apply(self._late.pop())
        pending = self._pending.get(process)
        if pending is None:
            request = self._requests.draw()
            number = self.history.invoke(request, process + PROCESSES * self._lost)
            self._pending[process] = Pending(number, request)
        elif pending.answer is None:
            self._decide(process, pending)
        else:
            self.history.ok(pending.number, pending.answer)
            self._requests.learn(pending.request, pending.answer)
            del self._pending[process]

    def _decide(self, process: int, pending: Pending) -> None:
        if self._choices.random() >= self._lossy:
            pending.answer = self.etcd.apply(pending.request)
            return
        self.history.unknown(pending.number)
        self._lost += 1
        if self._choices.random() < 0.5:
            self._late.append(pending.request)
        del self._pending[process]

    def _now(self, request: Request) -> None:
        number = self.history.invoke(request)
        self.history.ok(number, self.etcd.apply(request))


def judge(events: Events, *, narrow: bool = True) -> dict[str, Any]:
    history = History()
    history.events = events
    with tempfile.TemporaryDirectory() as directory:
        return checker.judge(history.write(Path(directory) / "history.jsonl"), narrow=narrow)


def answers(events: Events) -> Events:
    return [event for event in events if event["event"] == "ok"]


def operation_of(events: Events, answer: dict[str, Any]) -> dict[str, Any]:
    return next(event for event in events if event["event"] == "invoke" and event["id"] == answer["id"])


def is_write(events: Events, answer: dict[str, Any]) -> bool:
    """Whether an answer acknowledged a change."""
    operation = operation_of(events, answer)["op"]
    if operation == "delete":
        return answer["observed"] is not None
    return operation in {"put", "append"} or bool(answer["swapped"])


def find_another_version(events: Events, choices: random.Random) -> None:
    """An answer finds a version of the key that is not the one it found."""
    victims = [answer for answer in answers(events) if "observed" in answer]
    assume(victims)
    victim = choices.choice(victims)
    key = operation_of(events, victim)["key"]
    written: list[dict[str, Any] | None] = [None]
    for answer in answers(events):
        operation = operation_of(events, answer)
        if operation["key"] == key and "value" in operation and is_write(events, answer):
            written.append({"value": operation["value"], "mod_revision": answer["revision"]})
    others = [version for version in written if version != victim["observed"]]
    assume(others)
    victim["observed"] = choices.choice(others)


def share_a_revision(events: Events, choices: random.Random) -> None:
    """A write is acknowledged at the revision of another."""
    writes = [answer for answer in answers(events) if is_write(events, answer)]
    assume(len(writes) > 1)
    victim, other = choices.sample(writes, 2)
    victim["revision"] = other["revision"]


def flip_a_swap(events: Events, choices: random.Random) -> None:
    """A compare-and-swap tells the opposite of what it did."""
    swaps = [answer for answer in answers(events) if operation_of(events, answer)["op"] == "cas"]
    assume(swaps)
    victim = choices.choice(swaps)
    victim["swapped"] = not victim["swapped"]


def lose_an_append(events: Events, choices: random.Random) -> None:
    """An acknowledged append-only key is missing at the end."""
    entries = events[-1]["entries"]
    assume(len(entries) > 0)
    entries.remove(choices.choice(entries))


def forget_a_write(events: Events, choices: random.Random) -> None:
    """A value that was found was never written."""
    found = {answer["observed"]["value"] for answer in answers(events) if answer.get("observed")}
    assume(found)
    value = choices.choice(sorted(found))
    writer = next(event for event in events if event["event"] == "invoke" and event.get("value") == value)
    events[:] = [event for event in events if event.get("id") != writer["id"]]


FALSIFICATIONS: list[Callable[[Events, random.Random], None]] = [
    find_another_version,
    share_a_revision,
    flip_a_swap,
    lose_an_append,
    forget_a_write,
]

choices = st.integers(0, 2**32 - 1).map(random.Random)
lengths = st.integers(20, 150)


@settings(max_examples=60, deadline=None)
@given(choices, lengths, st.sampled_from([0.0, 0.1]))
def test_what_one_etcd_did_is_accepted(choices: random.Random, steps: int, lossy: float) -> None:
    verdict = judge(Schedule(choices, lossy).run(steps))
    assert verdict["ok"], checker.explain(verdict)


@settings(max_examples=120, deadline=None)
@given(choices, lengths, st.sampled_from(FALSIFICATIONS))
def test_one_false_answer_is_enough(
    choices: random.Random, steps: int, falsify: Callable[[Events, random.Random], None]
) -> None:
    events = Schedule(choices, lossy=0.0).run(steps)
    falsify(events, choices)
    assert not judge(events)["ok"]


@settings(max_examples=80, deadline=None)
@given(choices, st.integers(20, 80), st.booleans())
def test_narrowing_rejects_no_less_and_nothing_good(choices: random.Random, steps: int, good: bool) -> None:
    events = Schedule(choices, lossy=0.15).run(steps)
    if not good:
        find_another_version(events, choices)
    narrowed, plain = (judge(copy.deepcopy(events), narrow=narrow) for narrow in (True, False))
    assert not plain["timed_out"]
    assert narrowed["ok"] <= plain["ok"]
    if good:
        assert narrowed["ok"], checker.explain(narrowed)
