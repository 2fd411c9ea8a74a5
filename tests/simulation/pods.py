"""Members in pods: an API server that may not answer, and kubelets that act when they get to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etcd_ops.agent.ports import PodOutcomeUnknown, TimeLeft
from tests.simulation.hosts import Host
from tests.simulation.scheduler import Call

if TYPE_CHECKING:
    from tests.simulation.truth import Window
    from tests.simulation.world import World

ACTS = 10.0
"""At most, for a kubelet to end a pod that is to go; less than the lock of its agent lasts, should that die first."""
ABSENT = 20.0
"""At most, until the next pod runs."""


class SimulatedPod:
    """The pod of a member and its agent, as that agent sees it."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host
        self._asked = False

    def template(self) -> str:
        return self._host.template

    async def recreate(self, template: str, left: TimeLeft) -> None:
        if await self._read(left):
            self._asked = True
            return
        self._asked = False
        self._world.stall(self._host, self._host.stalls_before_deletion)
        self._host.stalls_before_deletion = 0.0
        await self._read(left)
        if self._host.next_template != template:
            raise OSError("makes pods of another template")
        if left() <= 0:
            raise OSError("no time is left")
        await self._delete(left)

    async def leaving(self) -> bool:
        if self._asked and self._reached():
            self._asked = await Call(lambda: self._host.leaving, self._world.read_latency())
        return self._asked

    async def _read(self, left: TimeLeft) -> bool:
        """Whether the pod is to go."""
        if left() <= 0:
            raise OSError("no time is left")
        delay = self._world.latency()
        if not self._reached() or delay >= left():
            await Call(None, max(0.0, left()))
            raise PodOutcomeUnknown("no answer") if self._asked else OSError("no answer")
        found: bool = await Call(lambda: self._host.leaving, delay)
        return found

    async def _delete(self, left: TimeLeft) -> None:
        world, host, seconds = self._world, self._host, left()
        window = world.truth.take_down(host)
        world.doom(host)
        fate = "lost" if not self._reached() else world.fate(host.pod_fates, "deletion")
        self._asked = True
        if fate == "lost":
            world.truth.over(window)
        else:
            late = seconds * world.random.random() if fate == "late" else min(world.latency(), seconds)
            world.scheduler.after(late, mark, world, host, window)
            if fate == "normal":
                await Call(None, late)
                return
        await Call(None, seconds)
        raise PodOutcomeUnknown("no answer")

    def _reached(self) -> bool:
        return self._host.api_away_until <= self._world.now()


def mark(world: World, host: Host, window: Window) -> None:
    """The API server has it that the pod is to go."""
    host.leaving = True
    world.note(f"the pod of {host.slot} is to go")
    world.scheduler.after(world.random.uniform(0.1, ACTS), _end, world, host, window)


def _end(world: World, host: Host, window: Window) -> None:
    """Its kubelet ends the pod, once it is there to do so; another one follows, with the volume."""
    if not host.on and world.hosts.get(host.slot) is host:
        world.scheduler.after(0.5, _end, world, host, window)
        return
    world.note(f"the kubelet ends the pod of {host.slot}")
    world.power_off(host)
    world.truth.over(window)
    host.leaving, host.template = False, host.next_template
    world.scheduler.after(world.random.uniform(0.5, ABSENT), world.power_on, host)
