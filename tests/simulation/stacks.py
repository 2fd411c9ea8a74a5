"""A stack: `pulumi up` with the shipped rollout code, from a machine that can be killed."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from etcd_ops.channel.port import DESIRED, ChannelUnavailable, status_name
from etcd_ops.model.spec import Mode
from etcd_ops.rollout import Declaration, Refused, State, Unfinished, Written, declare, wait
from etcd_ops.rollout.closing import forget_volume
from tests.simulation.declarations import Plan, credentials_of, spec_of
from tests.simulation.hosts import Disk, Host
from tests.simulation.ports import SimulatedClock
from tests.simulation.scheduler import Task
from tests.simulation.store import SimulatedChannel

if TYPE_CHECKING:
    from tests.simulation.world import World

DEADLINE = 120.0
"""Seconds that an `up` waits."""


class Stack:
    """One stack's program, state and last `up`."""

    def __init__(self, world: World, name: str, plan: Plan, *, former: str = "") -> None:
        self.world, self.name, self.plan, self.former = world, name, plan, former
        self.mode = Mode.ACTIVE
        self.state = State()
        self.task: Task | None = None
        self.written: list[Plan] = []
        """Declarations that got to be written."""
        self.plans: list[Plan] = [plan]
        """Every declaration there was, whether it ever got to be written or not."""
        self.killed_by_write = False
        """The machine that runs it dies right after the document was written."""
        self.deleting: dict[str, str] = {}
        """Slots whose resources the engine has begun to delete, with the IDs of their volumes."""
        self.host = Host(name, "laptop", Disk(""), world.random.uniform(0.0, 1e6))
        self.result = ""
        """How the last `up` ended."""

    def up(self) -> None:
        """Start `pulumi up`, unless one runs."""
        if self.task is None:
            self.result = ""
            self.plans.append(self.plan)
            self.world.note(f"up of {self.name}: {self.mode.value} {self.plan}")
            self.task = self.world.scheduler.spawn(f"up of {self.name}", self._up(), self._ended)

    def kill(self) -> None:
        self.killed_by_write = False
        if self.task is not None:
            self.world.scheduler.kill(self.task)
            self.task = None
            self.result = "killed"

    def _ended(self, value: Any, problem: Exception | None) -> None:
        self.task = None
        if problem is not None:
            self.world.truth.wrong(f"up of {self.name} ended: {problem!r}")
        self.result = str(value)
        self.world.count("up", self.result)
        self.world.note(f"up of {self.name}: {self.result}")

    def _up(self) -> Coroutine[Any, Any, str]:
        return self._apply(self.plan, self.mode)

    async def _apply(self, plan: Plan, mode: Mode) -> str:
        world, spec = self.world, spec_of(plan)
        clock = SimulatedClock(world, self.host)
        channel = SimulatedChannel(world, self.host, lambda name: world.declared(plan) if name == DESIRED else None)
        declaration = Declaration(spec=spec, owner=self.name, mode=mode, former_owner=self.former)
        self._provide(plan)
        try:
            written = await declare(channel, declaration, self.state, clock, lambda: f"token-{world.number()}")
        except Refused as refusal:
            return f"refused: {refusal}" if world.trace is not None else "refused"
        except ChannelUnavailable:
            return "channel unavailable"
        self.written.append(plan)
        world.declared(plan)
        if self.killed_by_write:
            world.scheduler.after(0.0, self.kill)
            await clock.sleep(60.0)
        self._keep(written, formed=written.formed)
        try:
            outcome = await wait(
                channel, written.desired, spec, written.before, clock, self._say, lambda: False, DEADLINE
            )
        except Unfinished as unfinished:
            return unfinished.ended.value
        self._keep(written, formed=written.formed or outcome.formed)
        try:
            if not outcome.advice:
                await self._clean_up(channel, clock, plan)
        except ChannelUnavailable:
            return "channel unavailable"
        return "prepared" if outcome.advice else "done"

    def _keep(self, written: Written, *, formed: bool) -> None:
        desired = written.desired
        self.state = State(desired.generation, desired.digest, desired.formation.token, formed)

    async def _say(self, line: str) -> None:
        self.world.note(f"up of {self.name} says: {line}")

    def _provide(self, plan: Plan) -> None:
        """Resources come before the rollout: machines, volumes, credentials."""
        spec = spec_of(plan)
        for slot in plan.slots:
            host = self.world.hosts.get(slot) or self.world.add_host(slot, plan.template)
            host.next_template = plan.template
            host.disk.credentials |= credentials_of(spec, slot)

    async def _clean_up(self, channel: SimulatedChannel, clock: SimulatedClock, plan: Plan) -> None:
        """What is no longer declared is deleted after the rollout succeeded."""
        made = set(self.world.hosts) - self.world.origin
        for slot in sorted((made | set(self.deleting)) - set(plan.slots)):
            if slot in self.world.hosts:
                self.deleting[slot] = self.world.hosts[slot].disk.volume_id
                self.world.remove_host(slot)
            await forget_volume(channel, slot, self.deleting[slot], clock)
            await channel.delete(status_name(slot))
            del self.deleting[slot]
