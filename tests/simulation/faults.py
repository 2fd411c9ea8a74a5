"""What can go wrong, by name. Each takes the schedule and three numbers."""

from __future__ import annotations

from collections.abc import Callable

from etcd_ops.channel.port import FORMATION
from etcd_ops.model.facts import Termination
from tests.simulation.declarations import ZONES
from tests.simulation.hosts import Host
from tests.simulation.raft import Applied, Data, Entry, Peer
from tests.simulation.run import Run

Happening = Callable[[Run, int, int, float], bool]
"""Does it; says whether it applied."""
FAULTS: dict[str, Happening] = {}


def fault(name: str) -> Callable[[Happening], Happening]:
    def register(happening: Happening) -> Happening:
        FAULTS[name] = happening
        return happening

    return register


def _on_host(happening: Callable[[Run, Host, int, float], bool]) -> Happening:
    def happen(run: Run, a: int, b: int, x: float) -> bool:
        host = run.host(a)
        return host is not None and happening(run, host, b, x)

    return happen


@fault("agent killed")
@_on_host
def _kill_agent(run: Run, host: Host, b: int, x: float) -> bool:
    if host.agent is None:
        return False
    run.world.stop_agent(host)
    run.world.scheduler.after(0.1 + 10.0 * x, run.world.start_agent, host)
    return True


@fault("agent killed in mid-step")
@_on_host
def _kill_in_step(run: Run, host: Host, b: int, x: float) -> bool:
    host.doom = ("killed", 0.1 + 20.0 * x, b % 4)
    return True


@fault("agent stalls")
@_on_host
def _stall(run: Run, host: Host, b: int, x: float) -> bool:
    run.world.stall(host, 60.0 * x)
    return host.agent is not None


@fault("agent stalls with a request in flight")
@_on_host
def _stall_in_step(run: Run, host: Host, b: int, x: float) -> bool:
    host.doom = ("stalled", 5.0 + 55.0 * x, b % 4)
    return True


@fault("agent stalls between staging and stopping")
@_on_host
def _stall_staged(run: Run, host: Host, b: int, x: float) -> bool:
    """It has confirmed the lock, and wakes when somebody else may have it."""
    host.stalls_with_launch = 10.0 + 40.0 * x
    return True


@fault("etcd killed")
@_on_host
def _kill_etcd(run: Run, host: Host, b: int, x: float) -> bool:
    running = host.slot in run.world.ensemble.servers
    run.world.crash_etcd(host)
    return running


@fault("leader killed")
def _kill_leader(run: Run, a: int, b: int, x: float) -> bool:
    for server in list(run.world.ensemble.servers.values()):
        if server.leads:
            run.world.crash_etcd(run.world.hosts[server.slot])
            return True
    return False


@fault("zone off")
def _zone_off(run: Run, a: int, b: int, x: float) -> bool:
    return _off(run, [host for host in run.world.hosts.values() if host.zone == ZONES[a % len(ZONES)]], 0.5 + 30.0 * x)


@fault("all zones off")
def _all_off(run: Run, a: int, b: int, x: float) -> bool:
    if b % 2:
        run.world.store.down_until = run.world.now() + 60.0 * x
    return _off(run, list(run.world.hosts.values()), 0.5 + 10.0 * x)


@fault("most zones off")
def _most_off(run: Run, a: int, b: int, x: float) -> bool:
    """All but one machine, for so long that somebody may lose patience."""
    kept = run.host(a)
    return _off(run, [host for host in run.world.hosts.values() if host is not kept], 10.0 + 60.0 * x)


def _off(run: Run, hosts: list[Host], seconds: float) -> bool:
    for host in hosts:
        run.world.power_off(host)
        run.world.scheduler.after(seconds * (1 + run.world.random.random() / 5), run.world.power_on, host)
    return bool(hosts)


@fault("machine is to be terminated")
@_on_host
def _terminate(run: Run, host: Host, b: int, x: float) -> bool:
    if host.termination is not Termination.NONE or host.agent is None or host.foreign:
        return False
    run.world.terminate(host)
    return True


@fault("deletion of a pod without an answer")
@_on_host
def _unanswered_deletion(run: Run, host: Host, b: int, x: float) -> bool:
    host.pod_fates.append(("lost", "unanswered", "late")[b % 3])
    return bool(host.template)


@fault("agent stalls while it has its pod made anew")
@_on_host
def _stall_before_deletion(run: Run, host: Host, b: int, x: float) -> bool:
    host.stalls_before_deletion = 10.0 + 50.0 * x
    return bool(host.template)


@fault("API server away")
@_on_host
def _api_away(run: Run, host: Host, b: int, x: float) -> bool:
    host.api_away_until = run.world.now() + 30.0 * x
    return bool(host.template)


@fault("partition of two")
def _partition(run: Run, a: int, b: int, x: float) -> bool:
    one, other = run.host(a), run.host(b)
    if one is None or other is None or one is other:
        return False
    run.world.cut(one.slot, other.slot)
    run.world.scheduler.after(1.0 + 40.0 * x, run.world.join, one.slot, other.slot)
    return True


@fault("member isolated")
@_on_host
def _isolate(run: Run, host: Host, b: int, x: float) -> bool:
    for other in run.world.hosts:
        run.world.cut(host.slot, other)
        run.world.scheduler.after(1.0 + 40.0 * x, run.world.join, host.slot, other)
    return len(run.world.hosts) > 1


@fault("agent cut off from the channel")
@_on_host
def _cut_off(run: Run, host: Host, b: int, x: float) -> bool:
    host.cut_off_until = run.world.now() + 60.0 * x
    return True


@fault("channel away")
def _channel_away(run: Run, a: int, b: int, x: float) -> bool:
    run.world.store.down_until = run.world.now() + 60.0 * x
    return True


@fault("channel emptied")
def _channel_emptied(run: Run, a: int, b: int, x: float) -> bool:
    if not run.is_remembered(record=False):
        return False
    run.world.store.keep()
    run.world.store.objects.clear()
    run.world.store.set_back = True
    return True


@fault("channel rolled back")
def _channel_rolled_back(run: Run, a: int, b: int, x: float) -> bool:
    kept = run.world.store.kept
    if not kept or not run.is_remembered(record=FORMATION in kept[a % len(kept)]):
        return False
    run.world.store.objects = dict(kept[a % len(kept)])
    run.world.store.set_back = True
    return True


@fault("channel snapshot")
def _channel_kept(run: Run, a: int, b: int, x: float) -> bool:
    """Not a fault yet: what a store is rolled back to."""
    run.world.store.keep()
    return True


@fault("wall clock jumps")
@_on_host
def _jump(run: Run, host: Host, b: int, x: float) -> bool:
    host.skew += (x - 0.5) * 10.0 ** (b % 8)
    run.world.clocks_jumped = True
    return True


@fault("request lost")
@_on_host
def _lost(run: Run, host: Host, b: int, x: float) -> bool:
    host.fates.append("lost")
    return True


@fault("request unanswered")
@_on_host
def _unanswered(run: Run, host: Host, b: int, x: float) -> bool:
    host.fates.append("unanswered")
    return True


@fault("request lands late")
@_on_host
def _late(run: Run, host: Host, b: int, x: float) -> bool:
    host.fates.append("late")
    return True


@fault("request doubled")
@_on_host
def _doubled(run: Run, host: Host, b: int, x: float) -> bool:
    host.fates.append("twice")
    return True


@fault("channel write lost")
@_on_host
def _write_lost(run: Run, host: Host, b: int, x: float) -> bool:
    host.write_fates.append("lost")
    return True


@fault("channel write unanswered")
@_on_host
def _write_unanswered(run: Run, host: Host, b: int, x: float) -> bool:
    host.write_fates.append("unanswered")
    return True


@fault("channel write lands late")
@_on_host
def _write_late(run: Run, host: Host, b: int, x: float) -> bool:
    host.write_fates.append("late")
    return True


@fault("slow network")
def _slow(run: Run, a: int, b: int, x: float) -> bool:
    run.world.slow = 0.3 * x if b % 2 else 0.0
    return bool(b % 2)


@fault("unlucky requests")
def _unlucky(run: Run, a: int, b: int, x: float) -> bool:
    run.world.unlucky = 0.3 * x if b % 2 else 0.0
    return bool(b % 2)


@fault("follower lags")
@_on_host
def _lag(run: Run, host: Host, b: int, x: float) -> bool:
    server = run.world.ensemble.servers.get(host.slot)
    if server is None or server.leads:
        return False
    server.sync_at = run.world.now() + 30.0 * x
    return True


@fault("leader changes")
def _election(run: Run, a: int, b: int, x: float) -> bool:
    for server in list(run.world.ensemble.servers.values()):
        if server.leads:
            run.world.hand_over(server)
            return True
    return False


@fault("slow stop")
@_on_host
def _slow_stop(run: Run, host: Host, b: int, x: float) -> bool:
    host.stop_takes = 5.0 + 20.0 * x
    return True


@fault("runtime mute")
@_on_host
def _mute(run: Run, host: Host, b: int, x: float) -> bool:
    host.mute_until = run.world.now() + 30.0 * x
    return True


@fault("supervisor gives up")
def _no_restarts(run: Run, a: int, b: int, x: float) -> bool:
    run.world.restarts = bool(b % 2)
    return not run.world.restarts


@fault("volume unreadable")
@_on_host
def _unreadable(run: Run, host: Host, b: int, x: float) -> bool:
    host.unreadable_until = run.world.now() + 30.0 * x
    return True


@fault("disk wiped")
@_on_host
def _wipe(run: Run, host: Host, b: int, x: float) -> bool:
    """The data directory is gone, the rest of the volume is there; not in the second before anybody saw the data."""
    if host.disk.launch is None or host.disk.launch.expected is None:
        return False
    if host.disk.data is None or host.elsewhere or host.displaced or not run.may_lose_a_disk():
        return False
    run.world.crash_etcd(host)
    host.disk.data = None
    return True


@fault("volume replaced")
@_on_host
def _new_volume(run: Run, host: Host, b: int, x: float) -> bool:
    """A new, marked, empty volume stands in its place; the platform delivers the credentials again."""
    if host.disk.data is None or host.elsewhere or host.displaced or not run.may_lose_a_disk():
        return False
    if not run.is_remembered(replaced=host.slot):
        return False
    run.world.replace_volume(host)
    return True


@fault("volume not mounted")
@_on_host
def _unmount(run: Run, host: Host, b: int, x: float) -> bool:
    """An empty folder without a marker in its place."""
    if host.elsewhere:
        return False
    run.world.unmount(host)
    run.world.scheduler.after(1.0 + 60.0 * x, run.world.remount, host)
    return True


@fault("foreign data")
@_on_host
def _foreign(run: Run, host: Host, b: int, x: float) -> bool:
    """Somebody put another cluster's data directory in this one's place."""
    launch = host.disk.launch
    if host.displaced is not None or host.disk.data is None or host.elsewhere:
        return False
    if launch is None or launch.expected is None:
        return False  # a founder's first second: nobody has seen yet whose data it makes
    run.world.crash_etcd(host)
    host.displaced = (host.disk, host.disk.data)
    other = run.world.number()
    peer = Peer(other, "https://elsewhere:2380", name="x", client_url="https://elsewhere:2379")
    host.disk.data = Data(7_000_000 + other, other, Entry(None, 1, Applied({other: peer})))
    return True


@fault("log unreadable")
@_on_host
def _torn(run: Run, host: Host, b: int, x: float) -> bool:
    """The head of the write-ahead log cannot be read for a while."""
    if host.disk.data is None:
        return False
    run.world.crash_etcd(host)
    disk = host.disk
    disk.readable = False
    run.world.scheduler.after(1.0 + 40.0 * x, setattr, disk, "readable", True)
    return True
