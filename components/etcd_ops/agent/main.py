"""The agent as a process: real ports around the loop."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from etcd_ops.agent.clock import SystemClock
from etcd_ops.agent.credentials import AgentCredentials
from etcd_ops.agent.execute import Superseded
from etcd_ops.agent.journal import Journal
from etcd_ops.agent.loop import Agent
from etcd_ops.agent.peers import VolumePeers
from etcd_ops.agent.ports import Pod, Ports
from etcd_ops.agent.releases import VolumeReleases
from etcd_ops.agent.rendering import VolumeRenderer
from etcd_ops.agent.serving import MetricsServer
from etcd_ops.agent.settings import Settings, pace_of
from etcd_ops.channel.connect import connect
from etcd_ops.ec2.duties import attend
from etcd_ops.ec2.keeper import Keeper
from etcd_ops.etcd.health import EndpointHealth, ProbeFailed
from etcd_ops.pod.claim import Claim
from etcd_ops.pod.delivery import Mailbox, Mounts
from etcd_ops.pod.own_agent_pod import OwnAgentPod
from etcd_ops.pod.own_container import OwnContainer
from etcd_ops.pod.own_pod import OwnPod
from etcd_ops.pod.taken_back import TakenBack
from etcd_ops.runtime.connect import connect_runtime
from etcd_ops.runtime.foreign import ForeignProcess
from etcd_ops.static_pod.adopted import AdoptedStaticPod
from etcd_ops.static_pod.kept import KeptManifest
from etcd_ops.static_pod.own import StaticPod
from etcd_ops.static_pod.own_agent import StaticAgent
from etcd_ops.static_pod.token import lend
from etcd_ops.volume.directory import DirectoryVolume
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout

T = TypeVar("T")


class MemberProbe:
    """etcd's health listener."""

    async def cluster_version(self, health_url: str, *, timeout: float) -> str:
        """The cluster version; empty where nobody answers."""
        try:
            return await EndpointHealth(health_url).cluster_version(timeout=timeout)
        except ProbeFailed:
            return ""


async def together(calls: Sequence[Awaitable[T]]) -> list[T]:
    """All calls at once."""
    return list(await asyncio.gather(*calls))


async def keep(volume: Path) -> None:
    """Keep the member on `volume` until this process is told to end, or another release takes over."""
    layout = VolumeLayout(volume)
    config: dict[str, Any] = json.loads(layout.agent_config.read_text())
    digest, reason = TakenBack.of(os.environ)
    settings = Settings(
        config["cluster"],
        config["slot"],
        config["zone"],
        version("etcd-ops"),
        pace_of(config["channel"]),
        taken_back=digest,
        taken_back_for=reason,
    )
    channel = connect(config["channel"])
    journal = Journal(layout, settings.slot, channel)
    keeper = Keeper.of(config, volume) if "machine" in config else None
    adopted = AdoptedStaticPod(config["adopted"]) if "adopted" in config else None
    member_volume = _member_volume(config, volume, settings, keeper, adopted)
    credentials = AgentCredentials(layout)
    static_pod = StaticPod(config["staticPod"], volume) if "staticPod" in config else None
    static_agent = StaticAgent(config["agentStaticPod"], volume) if "agentStaticPod" in config else None
    manifests = [each.manifest for each in (static_agent, static_pod) if each is not None]
    ports = Ports(
        channel=channel,
        etcd=credentials.client,
        probe=MemberProbe(),
        peers=VolumePeers(volume, settings.slot),
        runtime=connect_runtime(config["runtime"]),
        volume=member_volume,
        renderer=VolumeRenderer(member_volume, volume),
        releases=keeper.releases if keeper else VolumeReleases(volume),
        foreign=adopted or ForeignProcess(layout.data),
        clock=SystemClock(),
        parallel=together,
        nonce=lambda: secrets.token_hex(8),
        log=journal.write,
        pod=(keeper.instance if keeper else static_pod) or (OwnPod(config["pod"]) if "pod" in config else None),
        agent_pod=static_agent or _own_agent(config),
        agent_apart=static_agent is not None or "agentPod" in config,
        host=keeper.instance if keeper else None,
    )
    mailbox = Mailbox(volume, Mounts.of(config["delivery"])) if "delivery" in config else None
    agent = Agent(ports, settings, journal.last_step())
    metrics = MetricsServer(layout)
    beside = asyncio.ensure_future(attend(keeper.duties(agent, journal.write), journal.write)) if keeper else None
    try:
        while True:
            _deliver(mailbox, journal)
            _attend(manifests, journal)
            credentials.refresh()
            decision = await agent.turn()
            _serve(metrics, agent, journal)
            await journal.publish()
            _require_alive(beside)
            await agent.rest(decision)
    finally:
        # A kubelet ends an agent whose own manifest was deleted: this is the last moment to put that back.
        _attend(manifests, journal)
        metrics.close()
        if beside is not None:
            beside.cancel()
        await credentials.client.close()
        await channel.close()


def _own_agent(config: Mapping[str, Any]) -> Pod | None:
    """The pod, or the container, that an API server makes for the agent alone."""
    if "agentPod" in config:
        return OwnAgentPod(config["agentPod"])
    return OwnContainer(config["pod"]) if "pod" in config else None


def _member_volume(
    config: Mapping[str, Any],
    volume: Path,
    settings: Settings,
    keeper: Keeper | None,
    adopted: AdoptedStaticPod | None,
) -> DirectoryVolume:
    """The member's volume, with who vouches for it, who brings programs, and what is outside it, on this platform."""
    options: dict[str, Any] = {"outside": adopted.outside} if adopted else {}
    if "claim" in config.get("pod", {}):
        options["vouched"] = Claim(config["pod"]).vouches_for
    if keeper is not None:
        options |= {"vouched": keeper.vouches_for, "opener": keeper.artifacts.opened}
    return DirectoryVolume(volume, settings.slot, settings.cluster, **options)


def _require_alive(beside: asyncio.Future[None] | None) -> None:
    """What runs beside the loop never ends by itself: a defect there must not go unseen."""
    if beside is not None and beside.done():
        beside.result()


def _deliver(mailbox: Mailbox | None, journal: Journal) -> None:
    """Take what the platform mounted; what cannot be taken now is said, and tried again next time."""
    if mailbox is None:
        return
    try:
        mailbox.empty()
    except (OSError, VolumeError) as problem:
        journal.write("credentials not delivered", {"problem": str(problem)})


def _attend(manifests: Sequence[KeptManifest], journal: Journal) -> None:
    """Keep the manifests of static pods in place, and their token fresh; what fails keeps nothing else from it."""
    work: list[Callable[[], object]] = [partial(_attend_to, each, journal) for each in manifests]
    if manifests:
        work.append(lend)
    if problems := list(filter(None, map(_problem_of, work))):
        journal.write("static pod not attended to", {"problem": "; ".join(problems)})


def _attend_to(manifest: KeptManifest, journal: Journal) -> None:
    if manifest.attend():
        journal.write("manifest placed", {})


def _problem_of(work: Callable[[], object]) -> str:
    """Why it could not be done; empty where it was."""
    try:
        work()
    except OSError as problem:
        return str(problem)
    return ""


def _serve(metrics: MetricsServer, agent: Agent, journal: Journal) -> None:
    """Republish etcd's metrics as declared; a port that is taken is said, and tried again next time."""
    declared = agent.declared
    if declared is None or declared.leaf is None:
        return
    try:
        metrics.refresh(declared.member.metrics_url, declared.member.health_url, declared.leaf, declared.authorities)
    except OSError as problem:
        journal.write("metrics not served", {"problem": str(problem)})


def run(volume: Path) -> int:
    """Run the agent in the foreground; returns the exit status."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    task: asyncio.Task[None] | None = None

    async def main() -> None:
        nonlocal task
        task = asyncio.ensure_future(keep(volume))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await task

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        return 0
    except Superseded as other:
        print(f"giving way to release {other}", file=sys.stderr)
        return 0
    return 0
