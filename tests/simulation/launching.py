"""What stands between the supervisor and etcd: the launcher's refusals, then etcd's own start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etcd_ops.model.facts import Identity, Launch
from etcd_ops.runtime.verdict import Refuse, Situation, judge
from etcd_ops.volume.data import DataFacts
from etcd_ops.volume.launch_record import StagedLaunch
from etcd_ops.volume.marker import Marker
from tests.simulation.hosts import Configuration, Host
from tests.simulation.raft import Applied, Data, Entry, Line, Peer
from tests.simulation.servers import Server

if TYPE_CHECKING:
    from tests.simulation.world import World

NOTHING = Entry(None, 0, Applied({}))
"""The log of a member that has joined and received nothing yet."""


def refusal(world: World, host: Host) -> str:
    """Why the launcher does not start etcd, by the shipped rules; empty where it does."""
    disk, launch, record = host.disk, host.disk.launch, None
    if world.channel_reachable(host):
        record = world.formation()
    verdict = judge(
        Situation(
            launch=_staged(disk.allowed),
            was_first_start=launch is not None and launch.first_start,
            marker=Marker("demo", host.slot, disk.volume_id, "local") if disk.marked else None,
            data=DataFacts(disk.data is not None, _pair(disk.identity)),
            fence=disk.memory.fence,
            newest=disk.memory.highest.incarnation,
            binary_cached=launch is not None and launch.binary_sha256 in disk.binaries,
            channel=record.incarnation if record else None,
        )
    )
    return f"not started: {verdict.reason}" if isinstance(verdict, Refuse) else ""


def _pair(identity: Identity | None) -> tuple[int, int] | None:
    return (identity.cluster_id, identity.member_id) if identity else None


def _staged(launch: Launch | None) -> StagedLaunch | None:
    if launch is None:
        return None
    return StagedLaunch(
        nonce="",
        configuration=launch.configuration,
        configuration_digest=launch.configuration_digest,
        binary_sha256=launch.binary_sha256,
        incarnation=launch.incarnation,
        expected=_pair(launch.expected),
        first_start=launch.first_start,
        force_new_cluster=launch.force_new_cluster,
        trusted=launch.trusted,
    )


def start(world: World, host: Host) -> None:
    """The supervisor starts the launcher, the launcher etcd."""
    if host.slot in world.ensemble.servers or not host.on:
        return
    host.failure = refusal(world, host)
    if host.failure:
        return
    disk, launch = host.disk, host.disk.allowed
    assert launch is not None
    configuration = world.configurations[launch.configuration]
    version = world.programs[launch.binary_sha256]
    disk.running_digest, disk.running_binary = launch.configuration_digest, launch.binary_sha256
    disk.spent_first = disk.spent_first or disk.data is not None
    host.failure = _etcd_refuses(host, configuration, version) or _provide_data(world, host, launch, configuration)
    if host.failure:
        return
    data = disk.data
    assert data is not None
    server = Server(host.slot, configuration.name, configuration.client_url, data, version, configuration.quota)
    server.trusted, server.clients = configuration.trusted, configuration.clients
    server.serving_from = float("inf") if configuration.deaf else world.now() + world.random.uniform(0.1, 1.5)
    server.sync_at = world.now() + world.random.choice((0.0, 0.0, world.random.uniform(0.0, 6.0)))
    host.pid, host.started_at = world.number(), world.now()
    world.ensemble.come(server)


def _etcd_refuses(host: Host, configuration: Configuration, version: str) -> str:
    if configuration.refused:
        return "etcd: the configuration is not valid"
    line: Line = (int(version.split(".", maxsplit=1)[0]), int(version.split(".")[1]))
    data = host.disk.data
    if data is None:
        return ""
    known = data.commit.applied.version
    if known is not None and line < known:
        return "etcd: invalid downgrade; server version is lower than determined cluster version"
    if data.storage is not None and line < data.storage:
        return "etcd: cannot open a database of a newer version"
    return ""


def _provide_data(world: World, host: Host, launch: Launch, configuration: Configuration) -> str:
    disk = host.disk
    if disk.data is None:
        return (
            _bootstrap(world, host, configuration)
            if configuration.state == "new"
            else _join(world, host, configuration)
        )
    if launch.force_new_cluster:
        disk.spent_force = True
        _force_new_cluster(world, disk.data, launch)
    return ""


def _bootstrap(world: World, host: Host, configuration: Configuration) -> str:
    """A founder: cluster and member IDs follow from the initial cluster and the token (etcd's genID)."""
    ids = {url: world.id_of(f"{url} {configuration.token}") for _, url in configuration.initial}
    own = ids[configuration.peer_url]
    for each in _reachable(world, host, configuration):
        peer = each.config.members.get(own)
        if peer is not None and peer.client_url:
            return "etcd: the member has already been bootstrapped"
    cluster_id = world.id_of(" ".join(map(str, sorted(ids.values()))))
    if cluster_id not in world.beginnings:
        peers = {ids[url]: Peer(ids[url], url, name=name) for name, url in configuration.initial}
        world.beginnings[cluster_id] = Entry(NOTHING, 1, Applied(peers))
    host.disk.data = Data(cluster_id, own, world.beginnings[cluster_id])
    return ""


def _join(world: World, host: Host, configuration: Configuration) -> str:
    """etcd asks the others who it is, and wants the same member list as its configuration has."""
    wanted = {url for _, url in configuration.initial}
    for each in _reachable(world, host, configuration):
        found = {peer.peer_url: peer.member_id for peer in each.config.members.values()}
        if set(found) != wanted:
            return "etcd: error validating peerURLs: member count is unequal"
        known = each.config.version
        if known is not None and _line(world, host) < known:
            return "etcd: incompatible with current running cluster"
        host.disk.data = Data(each.data.cluster_id, found[configuration.peer_url], NOTHING, term=0)
        host.disk.data.incarnation = each.data.incarnation
        return ""
    return "etcd: cannot fetch cluster info from peer urls"


def _line(world: World, host: Host) -> Line:
    assert host.disk.launch is not None
    version = world.programs[host.disk.launch.binary_sha256].split(".")
    return int(version[0]), int(version[1])


def _reachable(world: World, host: Host, configuration: Configuration) -> list[Server]:
    """Serving processes at the other peer URLs of the configuration that speak to this one."""
    others = [slot for _, url in configuration.initial if (slot := world.slot_of_peer[url]) != host.slot]
    found = []
    for slot in others:
        server = world.ensemble.servers.get(slot)
        if (
            server is not None
            and world.ensemble.serving(server)
            and world.linked(host.slot, slot)
            and world.peer_issuer(host.slot) in server.trusted
            and world.peer_issuer(slot) in configuration.trusted
        ):
            found.append(server)
    return found


def _force_new_cluster(world: World, data: Data, launch: Launch) -> None:
    """Everything in the log counts as committed, and everybody else is removed."""
    alone = data.last.applied
    for member_id in tuple(alone.members):
        if member_id != data.member_id:
            alone = alone.without_member(member_id)
    data.term += 1
    data.last = data.commit = Entry(data.last, data.term, alone)
    data.incarnation = launch.incarnation
    world.truth.forced(data)
