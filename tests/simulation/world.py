"""Everything around the agents: machines, network, store, running etcd processes, and the judge."""

from __future__ import annotations

from collections import Counter
from random import Random

from etcd_ops.agent.execute import Superseded
from etcd_ops.agent.loop import Agent
from etcd_ops.agent.ports import Ports
from etcd_ops.agent.settings import Pace, Settings
from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION
from etcd_ops.etcd import Header
from etcd_ops.model.facts import Termination
from etcd_ops.model.records import Controls, FormationRecord
from etcd_ops.model.spec import Desired, Mode, read_desired
from tests.simulation import declarations
from tests.simulation.declarations import Plan, SimulatedRenderer, zone_of
from tests.simulation.hosts import Disk, Host
from tests.simulation.launching import start
from tests.simulation.pods import SimulatedPod
from tests.simulation.ports import (
    SimulatedClock,
    SimulatedEtcd,
    SimulatedForeign,
    SimulatedMachine,
    SimulatedPeers,
    SimulatedProbe,
    SimulatedReleases,
    SimulatedRuntime,
    SimulatedVolume,
    one_after_another,
)
from tests.simulation.raft import Applied, Entry
from tests.simulation.scheduler import Scheduler, Task
from tests.simulation.servers import TICK, Ensemble, Server
from tests.simulation.serving import Serving
from tests.simulation.store import SimulatedChannel, Store
from tests.simulation.truth import Truth

PACE = Pace(working=1.5, after_step=0.3, idle=6.0, glance=3.0, settle=20.0, read_timeout=0.4)
"""As shipped, but coarser: fewer looks, the same order of events."""

TERMINATION_SECONDS = 300.0
"""That a platform waits for a machine that it wants rid of."""
PROMPT = 0.7
"""Share of reads that are answered at once: what may happen between two reads of an agent happens between others."""


class World:
    """One simulated universe, reproducible from its random source."""

    def __init__(self, random: Random, counts: Counter[str] | None = None, trace: list[str] | None = None) -> None:
        self.random, self.trace = random, trace
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.scheduler = Scheduler(1000.0)
        self.store = Store()
        self.ensemble = Ensemble(self, random)
        self.serving = Serving(self.ensemble, self.number)
        self.truth = Truth(self)
        self.hosts: dict[str, Host] = {}
        self.boots: dict[str, str] = {}
        """Slot to the boot ID of the agent that runs."""
        self.cuts: dict[frozenset[str], bool] = {}
        self.link_times: dict[frozenset[str], float] = {}
        self.beginnings: dict[int, Entry] = {}
        self.origin: frozenset[str] = frozenset()
        """Slots of machines that somebody else keeps."""
        self.allow_outage = False
        self.replacements = 0
        """Members that agents may replace unasked, in a day."""
        self.clocks_jumped = False
        self.restarts = True
        """The supervisor restarts an etcd that died."""
        self.slow = 0.0
        """Share of slow messages."""
        self.unlucky = 0.0
        """Share of requests that something happens to."""
        self.configurations, self.programs = declarations.CONFIGURATIONS, declarations.PROGRAMS
        self.sources = {f"/opt/etcd-{version}" for version in declarations.VERSIONS}
        self.sources_away_until = 0.0
        self.slot_of_peer, self.slot_of_client = declarations.SLOT_OF_PEER, declarations.SLOT_OF_CLIENT
        self._number = 100
        self.scheduler.after(TICK, self._tick)

    # Bookkeeping.

    def now(self) -> float:
        return self.scheduler.now

    def note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.scheduler.now - 1000.0:8.2f}  {text}")

    def count(self, kind: str, name: str) -> None:
        self.counts[f"{kind} {name}"] += 1

    def number(self) -> int:
        self._number += 1
        return self._number

    def id_of(self, text: str) -> int:
        return int(declarations.print_of(text)[:8], 16)

    def _tick(self) -> None:
        self.ensemble.tick()
        self.truth.tick()
        self.scheduler.after(TICK, self._tick)

    # Chance.

    def latency(self) -> float:
        if self.slow and self.random.random() < self.slow:
            self.count("fault", "message delayed")
            return self.random.uniform(0.1, 1.6)
        return 0.001 + 0.03 * self.random.random()

    def read_latency(self) -> float:
        """Most answers take no time: only the others are a point where somebody else goes on."""
        return 0.0 if self.random.random() < PROMPT else self.latency()

    def fate(self, ordered: list[str], kind: str) -> str:
        """What becomes of a write: as ordered, else by chance."""
        if ordered:
            fate = ordered.pop(0)
        elif self.unlucky and self.random.random() < self.unlucky:
            fate = self.random.choice(("lost", "unanswered", "late", "twice"))
        else:
            return "normal"
        if kind != "request" and fate == "twice":
            fate = "unanswered"
        self.count("fault", f"{kind} {fate}")
        self.note(f"the next {kind} is {fate}")
        return fate

    # Surroundings of the etcd processes.

    def linked(self, one: str, other: str) -> bool:
        hosts = self.hosts
        if one not in hosts or other not in hosts or not hosts[one].on or not hosts[other].on:
            return False
        return frozenset((one, other)) not in self.cuts

    def linked_since(self, one: str, other: str) -> float:
        return self.link_times.get(frozenset((one, other)), 0.0)

    def issuer_of(self, leaf: str) -> str:
        return declarations.ISSUERS.get(leaf, "")

    def handshakes(self, host: Host, server: Server) -> bool:
        """The agent of `host` and a member believe each other's certificates."""
        mine, theirs = host.disk.leaves.get("agent", ""), self.hosts[server.slot].disk.leaves.get("server", "")
        disk = host.disk
        believed = disk.launch.trusted.get("client", ()) if disk.launch else ()
        if disk.memory.desired:
            believed = (*believed, *read_desired(disk.memory.desired)[1].trust.client.authorities.values())
        return self.issuer_of(mine) in server.clients and self.issuer_of(theirs) in believed

    def close(self) -> None:
        """End every process, so that nothing of this world is left."""
        for host in self.hosts.values():
            self.stop_agent(host)

    def peer_issuer(self, slot: str) -> str:
        return declarations.ISSUERS.get(self.hosts[slot].disk.leaves.get("peer", ""), "")

    def committed(self, server: Server, before: Entry) -> None:
        self.truth.committed(server)

    def forked(self, server: Server, why: str) -> None:
        self.truth.wrong(why)

    def ended(self, server: Server, why: str) -> None:
        """An etcd process ends by itself, for good."""
        self.stop_server(server)
        self.hosts[server.slot].failure = f"etcd: {why}"
        self.note(f"{server.slot}: etcd ends: {why}")

    def stop_server(self, server: Server) -> None:
        self.ensemble.go(server)

    def hand_over(self, server: Server) -> None:
        """What etcd does on SIGTERM."""
        if not server.leads:
            return
        for each in self.ensemble.contacts(server):
            if each.member_id in server.config.voters and each.data.last is server.data.last:
                self.ensemble.campaign(each, transferred=True)
                return

    def read(self, server: Server) -> Header:
        header = self.serving.read(server)
        self.truth.served(server)
        return header

    # Machines.

    def add_host(self, slot: str, template: str = "") -> Host:
        """A new machine, or pod, with a fresh, marked volume; its agent starts."""
        offset = self.random.uniform(0.0, 1e6)
        host = Host(slot, zone_of(slot), Disk(f"volume-{slot}-{self.number()}"), offset)
        host.rate = self.random.choice((1.0, 1.0, self.random.uniform(0.995, 1.005)))
        host.template = host.next_template = template
        self.hosts[slot] = host
        self.start_agent(host)
        return host

    def start_agent(self, host: Host) -> None:
        if host.by_hand or host.agent is not None or not host.on or self.hosts.get(host.slot) is not host:
            return
        version = host.agent_candidate or host.agent_version
        agent = Agent(self.ports(host), Settings("demo", host.slot, host.zone, version, PACE))
        self.boots[host.slot] = agent.boot_id
        host.agent = self.scheduler.spawn(
            f"agent {host.slot}", agent.run(), lambda _, why: self._agent_ended(host, why)
        )
        host.agent.stalled_until = host.stalled_until

    def _agent_ended(self, host: Host, why: Exception | None) -> None:
        host.agent = None
        if isinstance(why, Superseded):
            self.count("step", "UpgradeAgent")
            self.scheduler.after(self.random.uniform(0.1, 1.0), self.start_agent, host)
            return
        self.truth.wrong(f"the agent of {host.slot} ended: {why!r}")

    def ports(self, host: Host) -> Ports:
        return Ports(
            channel=SimulatedChannel(self, host),
            etcd=SimulatedEtcd(self, host),
            probe=SimulatedProbe(self, host),
            peers=SimulatedPeers(self, host),
            runtime=SimulatedRuntime(self, host),
            volume=SimulatedVolume(self, host),
            renderer=SimulatedRenderer(host),
            releases=SimulatedReleases(host),
            foreign=SimulatedForeign(self, host),
            host=SimulatedMachine(self, host),
            pod=SimulatedPod(self, host) if host.template else None,
            clock=SimulatedClock(self, host),
            parallel=one_after_another,
            nonce=lambda: f"{host.slot}-{self.number()}",
            log=lambda event, values: self._log(host, event, values),
        )

    def _log(self, host: Host, event: str, values: dict[str, object]) -> None:
        if event == "step":
            self.count("step", str(values["step"]))
        if event == "decision":
            self.count("state", str(values["state"]))
        if self.trace is not None:
            self.note(f"{host.slot} {event}: " + ", ".join(f"{key}={value}" for key, value in values.items()))

    def stall(self, host: Host, seconds: float) -> None:
        """The agent's process stands still; its clock does not, and what it sent goes on."""
        host.stalled_until = max(host.stalled_until, self.now() + seconds)
        if host.agent is not None:
            host.agent.stalled_until = host.stalled_until

    def doom(self, host: Host) -> None:
        """The agent is just sending something: whatever was ordered for this moment happens now, or in a moment."""
        if host.doom is None:
            return
        what, seconds, writes = host.doom
        if writes:
            host.doom = (what, seconds, writes - 1)
            return
        host.doom = None
        soon = self.random.choice((0.0, 0.04 * self.random.random()))
        if what == "stalled":
            self.scheduler.after(soon, self.stall, host, seconds)
        elif host.agent is not None:
            self.scheduler.after(soon, self._kill, host.agent, host, seconds)
        self.note(f"the agent of {host.slot} is {what} while it sends")
        self.count("fault", f"really {what} in mid-step")

    def _kill(self, agent: Task, host: Host, seconds: float) -> None:
        if host.agent is agent:
            self.stop_agent(host)
            self.scheduler.after(seconds, self.start_agent, host)

    def unmount(self, host: Host) -> None:
        self.crash_etcd(host)
        host.elsewhere, host.disk, host.swapped_at = host.disk, Disk(""), self.now()
        host.disk.marked = False

    def remount(self, host: Host) -> None:
        """The real volume is back, unless an operator has accepted the other one meanwhile."""
        if host.elsewhere is not None and self.hosts.get(host.slot) is host:
            self.crash_etcd(host)
            host.disk, host.elsewhere, host.swapped_at = host.elsewhere, None, self.now()
            self.start_etcd(host)

    def stop_agent(self, host: Host) -> None:
        if host.agent is not None:
            self.scheduler.kill(host.agent)
            host.agent = None

    def start_etcd(self, host: Host) -> None:
        """By the supervisor, where it should run."""
        if host.wanted and self.hosts.get(host.slot) is host:
            start(self, host)

    def crash_etcd(self, host: Host) -> None:
        server = self.ensemble.servers.get(host.slot)
        if server is None:
            return
        self.stop_server(server)
        host.failure = "etcd: killed by signal 9"
        if self.restarts:
            self.scheduler.after(self.random.uniform(0.5, 3.0), self.start_etcd, host)

    def end_foreign(self, host: Host) -> None:
        """Whoever ran this member's etcd is gone, and so is that etcd."""
        server = self.ensemble.servers.get(host.slot)
        if host.foreign and server is not None:
            self.hand_over(server)
            self.stop_server(server)
        host.foreign = False

    def power_off(self, host: Host) -> None:
        if not host.on:
            return
        host.on = False
        self.truth.goes_off(host)
        self.stop_agent(host)
        if (server := self.ensemble.servers.get(host.slot)) is not None:
            self.stop_server(server)

    def power_on(self, host: Host) -> None:
        if host.on or self.hosts.get(host.slot) is not host:
            return
        host.on, host.failure = True, ""
        self.scheduler.after(self.random.uniform(0.1, 2.0), self.start_etcd, host)
        self.scheduler.after(self.random.uniform(0.1, 3.0), self.start_agent, host)

    def terminate(self, host: Host) -> None:
        """The platform wants rid of the machine, and waits; for ever it does not."""
        host.termination = Termination.HELD
        self.scheduler.after(TERMINATION_SECONDS, self._replace_machine, host, Termination.HELD)

    def let_go(self, host: Host) -> None:
        """The platform goes on."""
        if host.termination is Termination.HELD:
            host.termination = Termination.LET_GO
            self.scheduler.after(self.random.uniform(0.1, 10.0), self._replace_machine, host, Termination.LET_GO)

    def _replace_machine(self, host: Host, awaited: Termination) -> None:
        """Another machine finds the volume."""
        if host.termination is not awaited:
            return
        self.power_off(host)
        host.termination = Termination.NONE
        self.scheduler.after(self.random.uniform(1.0, 30.0), self.power_on, host)

    def remove_host(self, slot: str) -> None:
        """The engine deletes a member's resources: process, agent, volume."""
        host = self.hosts.pop(slot)
        if (server := self.ensemble.servers.get(slot)) is not None:
            self.stop_server(server)
        self.stop_agent(host)

    def accept(self, host: Host) -> None:
        """The volume that is mounted is this slot's from now on."""
        host.disk.marked, host.disk.volume_id = True, f"volume-{host.slot}-{self.number()}"
        host.elsewhere = None

    def intact_slots(self, slots: tuple[str, ...]) -> list[str]:
        """Those of `slots` whose volume holds a voter of the cluster."""
        found = []
        for slot in slots:
            data = self.hosts[slot].disk.data if slot in self.hosts else None
            if data is not None and self.truth.holds(self.hosts[slot].disk, data.member_id):
                found.append(slot)
        return found

    def cut(self, one: str, other: str) -> None:
        if one != other:
            self.cuts[frozenset((one, other))] = True
            self.ensemble.era += 1

    def replace_volume(self, host: Host) -> None:
        """Its process ends; a new, marked, empty one is there instead, with the credentials delivered again."""
        self.crash_etcd(host)
        credentials = host.disk.credentials
        host.disk = Disk(f"volume-{host.slot}-{self.number()}")
        host.disk.credentials = credentials

    def join(self, one: str, other: str) -> None:
        if self.cuts.pop(frozenset((one, other)), False):
            self.ensemble.era += 1
            self.link_times[frozenset((one, other))] = self.now()

    # The channel as somebody sees it.

    def channel_reachable(self, host: Host) -> bool:
        return self.store.down_until <= self.now() and host.cut_off_until <= self.now()

    def declared(self, plan: Plan) -> None:
        """A document was written, or found to be there already."""
        staying = frozenset(plan.slots if plan.migration != "leave" else ())
        self.truth.declared.append((self.now(), staying))
        self.allow_outage = plan.allow_outage
        self.replacements = max(self.replacements, plan.replacements)

    def is_quiet(self) -> bool:
        """The declaration or an operator wants nothing to be done."""
        desired, controls = self.store.objects.get(DESIRED), self.store.objects.get(CONTROLS)
        if desired is not None and Desired.decode(desired.data).mode in (Mode.PAUSED, Mode.OBSERVE_ONLY):
            return True
        ordered = Controls.decode(controls.data) if controls is not None else Controls()
        return desired is not None and (ordered.paused or ordered.observe_only)

    def replacement_excused(self, host: Host, applied: Applied, member_id: int) -> bool:
        """It was declared or approved, or what agents count by was taken from them."""
        record, controls = self.formation(), self.store.objects.get(CONTROLS)
        approvals = Controls.decode(controls.data).approvals if controls is not None else ()
        return (
            self.clocks_jumped
            or self.store.set_back
            or record is None
            or self.slot_of_peer[applied.members[member_id].peer_url] != host.slot
            or record.volume_of(host.slot) != host.disk.volume_id
            or any(each.slot == host.slot for each in approvals)
        )

    def is_alive(self, slot: str) -> bool:
        """Somebody who waits for it sees a new status of this slot."""
        host = self.hosts.get(slot)
        if host is None or host.agent is None or not self.channel_reachable(host):
            return False
        return host.stalled_until <= self.now()

    def formation(self) -> FormationRecord | None:
        entry = self.store.objects.get(FORMATION)
        return FormationRecord.decode(entry.data) if entry else None
