"""Virtual time: coroutines are driven by hand; at every port call that takes time another one may go on."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class Call:
    """One call of a port: lands after `delay` seconds, and its answer is back `back` seconds later.

    One that takes no time is answered at once, with nobody else going on meanwhile.
    """

    __slots__ = ("back", "delay", "effect")

    def __init__(self, effect: Callable[[], Any] | None, delay: float, back: float = 0.0) -> None:
        self.effect, self.delay, self.back = effect, delay, back

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)


class Task:
    """One coroutine of a process that can stall or die."""

    __slots__ = ("coroutine", "dead", "name", "on_end", "stalled_until")

    def __init__(self, name: str, coroutine: Coroutine[Any, Any, Any], on_end: Callable[[Any, Exception | None], None]):
        self.name, self.coroutine, self.on_end = name, coroutine, on_end
        self.dead = False
        self.stalled_until = 0.0


async def _begun(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Stands before its first step, so that it can be ended without a warning that it never ran."""
    try:
        await Call(None, 0.0)
    except GeneratorExit:
        coroutine.close()
        raise
    return await coroutine


class Scheduler:
    """A heap of what happens when. Equal seeds give equal runs."""

    __slots__ = ("_heap", "_number", "now")

    def __init__(self, now: float) -> None:
        self.now = now
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._number = 0

    def after(self, seconds: float, happen: Callable[..., object], *values: Any) -> None:
        """Let `happen(*values)` take place in `seconds`."""
        self._number += 1
        heapq.heappush(self._heap, (self.now + seconds, self._number, happen, values))

    def spawn(
        self, name: str, coroutine: Coroutine[Any, Any, Any], on_end: Callable[[Any, Exception | None], None]
    ) -> Task:
        task = Task(name, _begun(coroutine), on_end)
        task.coroutine.send(None)
        self.after(0.0, self._go_on, task, None, None)
        return task

    def kill(self, task: Task) -> None:
        """End a task where it stands. What it sent is still under way."""
        task.dead = True
        task.coroutine.close()

    def run(self, seconds: float) -> None:
        """Let the world go on for `seconds`."""
        until, heap = self.now + seconds, self._heap
        while heap and heap[0][0] <= until:
            self.now, _, happen, values = heapq.heappop(heap)
            happen(*values)
        self.now = until

    def _go_on(self, task: Task, value: Any, error: Exception | None) -> None:
        while not task.dead:
            if task.stalled_until > self.now:
                self.after(task.stalled_until - self.now, self._go_on, task, value, error)
                return
            call = self._next(task, value, error)
            if call is None:
                return
            if call.delay:
                self.after(call.delay, self._land, task, call)
                return
            value, error = _outcome(call)
            if call.back:
                self.after(call.back, self._go_on, task, value, error)
                return

    @staticmethod
    def _next(task: Task, value: Any, error: Exception | None) -> Call | None:
        """Let the task go on to its next call; None where it ended."""
        try:
            call: Call = task.coroutine.send(value) if error is None else task.coroutine.throw(error)
        except StopIteration as done:
            task.dead = True
            task.on_end(done.value, None)
        except Exception as problem:  # noqa: BLE001  whatever ends a process is for `on_end` to judge
            task.dead = True
            task.on_end(None, problem)
        else:
            return call
        return None

    def _land(self, task: Task, call: Call) -> None:
        value, error = _outcome(call)
        if call.back:
            self.after(call.back, self._go_on, task, value, error)
        else:
            self._go_on(task, value, error)


def _outcome(call: Call) -> tuple[Any, Exception | None]:
    if call.effect is None:
        return None, None
    try:
        return call.effect(), None
    except Exception as problem:  # noqa: BLE001  it is the caller's
        return None, problem
