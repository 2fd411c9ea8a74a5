"""One schedule: a world, a stack, an operator, and the events that befall them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from etcd_ops.channel.port import CONTROLS, DESIRED, status_name
from etcd_ops.model.gate import quorum
from etcd_ops.model.records import Controls
from etcd_ops.model.spec import Desired
from etcd_ops.model.status import MemberStatus
from etcd_ops.rollout.contents import Contents
from etcd_ops.rollout.observing import observed
from etcd_ops.rollout.refusals import declared, forbidden
from tests.simulation.declarations import Plan, spec_of
from tests.simulation.hosts import Host
from tests.simulation.stacks import Stack
from tests.simulation.world import World


@dataclass(frozen=True, slots=True)
class Event:
    """Something that befalls the world. What the numbers mean depends on the kind."""

    kind: str
    a: int = 0
    b: int = 0
    x: float = 0.0
    pause: float = 1.0
    """Seconds for which the world goes on afterwards."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a schedule begins with."""

    members: int = 3
    formed: bool = True
    """It begins with a cluster that is in force already."""
    quorum_losses: bool = False
    """Whether so many disks may be lost that only a recovery helps."""
    operator: bool = True
    """Whether somebody approves and recovers in the end."""
    replacements: int = 9
    allow_outage: bool = True
    version: str = "3.6.15"
    pods: bool = False
    """Members run in pods."""
    adopted: bool = False
    """Somebody else started the cluster by hand."""


class Failed(AssertionError):
    """A schedule in which something happened that must never happen, or that did not end well."""


class Run:
    """The state of one schedule."""

    def __init__(self, world: World, setting: Setting) -> None:
        self.world, self.setting = world, setting
        self.stack = Stack(world, "urn:one", plan_of(setting))
        self.other: Stack | None = None
        self.controls = Controls()
        self.swapped: dict[str, object] = {}

    def close(self) -> None:
        self.world.close()
        for stack in (self.stack, self.other):
            if stack is not None:
                stack.kill()

    def host(self, number: int) -> Host | None:
        """One of the machines there are."""
        slots = sorted(self.world.hosts)
        return self.world.hosts[slots[number % len(slots)]] if slots else None

    def go_on(self, seconds: float) -> None:
        """Let time pass; a violation ends the schedule.

        Raises:
            Failed
        """
        self.world.scheduler.run(seconds)
        if self.world.truth.problems:
            raise Failed("; ".join(self.world.truth.problems))

    def plan(self, **changes: object) -> bool:
        """Declare something else, unless the shipped rules refuse it at preview."""
        plan = replace(self.stack.plan, **changes)  # type: ignore[arg-type]
        held, spec = self.held(), spec_of(plan)
        fresh = {slot: status for slot, status in held.statuses.items() if self.world.is_alive(slot)}
        before, former = declared(held, spec), spec_of(self.stack.plan)
        seen = observed(held, before, fresh)
        # As Rollout's Check: by what the channel holds, and by what the stack declared last.
        if problems := (*forbidden(before, spec, seen), *(forbidden(former, spec, seen) if before != former else ())):
            self.world.note(f"refused at preview: {'; '.join(map(str, problems))}")
            self.world.count("change", "refused at preview")
            return False
        self.stack.plan = plan
        return True

    def held(self) -> Contents:
        """What the channel holds, as somebody sees it who reads it at once."""
        objects = self.world.store.objects
        statuses = {slot: objects[status_name(slot)] for slot in self.world.hosts if status_name(slot) in objects}
        return Contents(
            desired=Desired.decode(objects[DESIRED].data) if DESIRED in objects else None,
            formation=self.world.formation(),
            statuses={slot: MemberStatus.decode(entry.data) for slot, entry in statuses.items()},
        )

    def write_controls(self, **changes: object) -> None:
        """What an operator orders through the command line; only where the channel can be reached."""
        self.controls = self.controls.model_copy(update=changes)
        if self.world.store.down_until <= self.world.now():
            self.world.store.put(CONTROLS, self.controls.encode())

    def has_quorum(self) -> bool:
        """A sane person looks before members are dropped: without a quorum none can be."""
        truth = self.world.truth
        return len(truth.believable()) >= quorum(len(truth.applied.voters))

    def intact_voters(self) -> int:
        """Voters whose data is on some disk."""
        truth, found = self.world.truth, set()
        for host in self.world.hosts.values():
            for disk in host.disks():
                data = disk.data
                if (
                    data is not None
                    and data.member_id in truth.applied.voters
                    and data.incarnation == truth.incarnation
                ):
                    found.add(data.member_id)
        return len(found)

    def may_lose_a_disk(self) -> bool:
        """Without losing a quorum of them for good."""
        needed = quorum(len(self.world.truth.applied.voters))
        return self.setting.quorum_losses or self.intact_voters() - 1 >= needed

    def is_remembered(
        self, *, record: bool = True, state: bool = True, replaced: str = "", slots: tuple[str, ...] = ()
    ) -> bool:
        """Somebody knows that there is a cluster, so that nobody forms another one.

        Where its record, the stack's state and so many volumes are gone that a quorum of founders starts empty,
        nothing can tell what is declared from a cluster that is new.

        Args:
            record: the channel keeps its objects.
            state: the stack keeps its state.
            replaced: the slot that gets an empty volume.
            slots: what is declared; what the stack declares now where it is empty.
        """
        truth, found, stack = self.world.truth, self.world.formation(), self.stack
        if truth.canon is None:
            return True
        if record and found is not None and truth.token in ("", found.token):
            return True
        if state and stack.state.formed and truth.token in ("", stack.state.token):
            return True
        hosts, slots = self.world.hosts, slots or stack.plan.slots
        holding = [slot for slot in slots if slot in hosts and any(disk.data for disk in hosts[slot].disks())]
        blank = set(slots) - (set(holding) - {replaced})
        return len(blank) < quorum(len(slots))


def plan_of(setting: Setting) -> Plan:
    return Plan(
        slots=tuple(f"m{number}" for number in range(setting.members)),
        version=setting.version,
        replacements=setting.replacements,
        allow_outage=setting.allow_outage,
        pod=int(setting.pods),
    )
