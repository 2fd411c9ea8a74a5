"""Clusters on Kubernetes nodes of this machine: how soon they are up, what clients see, and what the agents take."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import availability, clusters, footprint
from bench.availability import Interruption
from bench.figures import Figure, Section, seconds, times
from bench.footprint import Watch
from bench.limits import until
from bench.replacement import DATABASE, VALUE
from etcd_ops.programs import etcd
from tests.etcd.authority import Authority
from tests.nodes import images, processes
from tests.nodes.cluster import DIRECTORY, ZONES, Cluster, cluster, missing
from tests.nodes.plain_pods import NAMES, PlainPods
from tests.nodes.stack import NAMESPACE, SLOTS, PodStack
from tests.nodes.stateful_set_stack import StatefulSetStack
from tests.nodes.static_pod_stack import StaticPodStack, place
from tools import ROOT
from tools.engine import Engine

AWAY_SECONDS = 20.0
"""For which a zone is cut off."""
REPLACEMENT_LIMIT = 300.0
LOST = "c-1"
"""Whose disk is lost."""


@dataclass
class Findings:
    """Everything that was measured on one platform."""

    up: float = 0.0
    """Seconds of the first `pulumi up`, until every member votes."""
    interruptions: dict[str, Interruption] = field(default_factory=dict)
    watches: list[tuple[str, Watch]] = field(default_factory=list)
    replaced: float = 0.0
    """Seconds from a lost disk to a full voter."""


def measure(engine: Engine) -> list[Section]:
    """Both platforms, each on nodes of its own, and plain pods beside the first."""
    if why := missing():
        return [Section("On Kubernetes nodes", (), f"Not measured on this machine: {why}.")]
    with clusters.folder() as folder:
        with cluster(ZONES) as nodes:
            _bring(nodes)
            bare = _plain_pods(nodes)
            sets = _sets(engine, nodes, folder)
        with cluster(ZONES) as nodes:
            _bring(nodes)
            pods = _static_pods(engine, nodes, folder)
    return [_section("StatefulSetCluster", sets, bare), _section("StaticPodCluster", pods, bare)]


def _bring(nodes: Cluster) -> None:
    for image in (images.agent_image(), images.etcd_image()):
        nodes.import_image(image)


def _plain_pods(nodes: Cluster) -> float:
    """From the first bare manifest to three members that serve; what they show is made before."""
    peers, clients = Authority("peers"), Authority("clients")
    plain = PlainPods(nodes, peers, clients)
    with tempfile.TemporaryDirectory() as folder:
        options = _credentials(clients, Path(folder))
        endpoints = ",".join(each["client_url"] for each in plain.declared.values())
        program = str(etcd.obtain(etcd.DEFAULT) / "etcdctl")
        command = nodes.named("a", program, f"--endpoints={endpoints}", *options, "endpoint", "health")
        begun = time.monotonic()
        plain.form()
        until(lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0, "plain pods", 120.0)
        took = time.monotonic() - begun
    for name in NAMES:
        plain.end(name)
    return took


def _credentials(clients: Authority, folder: Path) -> list[str]:
    leaf = clients.issue("client")
    found = []
    for option, content in (("cacert", leaf.ca_pem), ("cert", leaf.certificate_pem), ("key", leaf.key_pem)):
        (folder / option).write_bytes(content)
        found.append(f"--{option}={folder / option}")
    return found


@contextmanager
def _up(stack: PodStack, found: Findings) -> Iterator[None]:
    try:
        begun = time.monotonic()
        stack.up()
        found.up = time.monotonic() - begun
        yield
    finally:
        stack.remove()


def _sets(engine: Engine, nodes: Cluster, folder: Path) -> Findings:
    stack, found = StatefulSetStack(engine, folder / "sets", nodes, {"zones": list(ZONES)}), Findings()
    with _up(stack, found):
        _disturb(stack, found, folder, {"a node is drained, three times": lambda: _drain(stack)})
        found.replaced = _replace(stack, lambda: _delete_claim(stack))
    return found


def _static_pods(engine: Engine, nodes: Cluster, folder: Path) -> Findings:
    slots = {slot: place(nodes, slot) for slot in SLOTS}
    arguments: dict[str, Any] = {
        "slots": slots,
        "data_directory": str(DIRECTORY / "volumes"),
        "run_directory": str(DIRECTORY / "runs"),
    }
    stack, found = StaticPodStack(engine, folder / "static", nodes, arguments), Findings()
    with _up(stack, found):
        _disturb(stack, found, folder, {"nodes go off and come back, three times": lambda: _switch_off(stack)})
        found.replaced = _replace(stack, lambda: stack.wipe(LOST))
    return found


def _disturb(stack: PodStack, found: Findings, folder: Path, more: dict[str, Callable[[], object]]) -> None:
    found.watches.append(("idle", footprint.idle(_agent_pid)))
    disturbances: dict[str, Callable[[], object]] = {
        "another configuration is rolled": lambda: _change(stack, etcd={"quota_backend_bytes": 3 * 1024**3}),
        "pods are made anew": lambda: _change(stack, resources={"etcd": {"cpu": "110m"}}),
        "a zone is cut off and healed": lambda: _cut(stack, leader="c-1"),
        "the leader's zone is cut off and healed": lambda: _cut(stack, leader="b-1"),
        **more,
    }
    for number, (what, disturb) in enumerate(disturbances.items()):
        with Watch(_agent_pid) as watch:
            load = folder / f"{stack.component}-{number}"
            found.interruptions[what] = availability.during(stack.context, load, disturb, stack.within)
        if number == 0:
            found.watches.append((what, watch))


def _agent_pid(slot: str) -> int:
    there = processes.agents(slot[0])
    if not there:
        raise LookupError(slot)
    return there[0].pid


def _change(stack: PodStack, **changes: Any) -> None:
    stack.up(**changes)
    stack.wait_in_order()


def _cut(stack: PodStack, leader: str) -> None:
    """Cut zone b off, in which no client is: one in it would be cut off as well."""
    ids = {each["name"]: each["id"] for each in stack.listed()}
    stack.etcdctl("a", "move-leader", ids[leader])
    zone = stack.nodes.nodes["b"].zone
    zone.cut()
    try:
        time.sleep(AWAY_SECONDS)
    finally:
        zone.heal()
    stack.wait_in_order()


def _drain(stack: StatefulSetStack) -> None:
    for slot in SLOTS:
        before = stack.pod(slot)["metadata"]["uid"]
        until(lambda slot=slot: stack.evict(slot) == 201, f"{slot} may go", 120.0, poll=0.5)  # type: ignore[misc]
        until(
            lambda slot=slot, before=before: stack.came_back(slot, before),  # type: ignore[misc]
            f"{slot} is back", 120.0, poll=0.5,
        )  # fmt: skip
    stack.wait_in_order()


def _switch_off(stack: StaticPodStack) -> None:
    for slot in SLOTS:
        node = stack.node(slot)
        node.lose_power()
        node.start_kubelet(stack.nodes.plane.kubeconfig_of(node))
        stack.wait_in_order()


def _replace(stack: PodStack, lose: Callable[[], None]) -> float:
    """From a lost disk, of a member with a database of 300 MB, to a new member that votes."""
    _fill(stack)
    before = {each["name"]: each["id"] for each in stack.listed()}
    begun = time.monotonic()
    lose()

    def votes() -> bool:
        now = {each["name"]: each for each in stack.listed()}
        return LOST in now and now[LOST]["id"] != before[LOST] and now[LOST]["role"] == "voter"

    until(votes, f"{LOST} votes anew", REPLACEMENT_LIMIT, poll=0.5)
    took = time.monotonic() - begun
    stack.wait_in_order()
    return took


def _delete_claim(stack: PodStack) -> None:
    core, pod = f"/api/v1/namespaces/{NAMESPACE}", stack.pod_name(LOST)
    stack.nodes.plane.request("DELETE", f"{core}/persistentvolumeclaims/data-{pod}")
    stack.nodes.plane.request("DELETE", f"{core}/pods/{pod}")


def _fill(stack: PodStack) -> None:
    script = "import sys; from pathlib import Path; from bench.members import Members; "
    script += f"Members(Path(sys.argv[1])).fill({DATABASE}, {VALUE})"
    subprocess.run(stack.within(sys.executable, "-c", script, str(stack.context)), cwd=ROOT, check=True)


def _section(component: str, found: Findings, bare: float) -> Section:
    return Section(f"{component} on nodes", tuple(_figures(found, bare)), _REMARK)


def _figures(found: Findings, bare: float) -> Iterator[Figure]:
    against = f"{seconds(bare)}: bare manifests of plain etcd"
    yield Figure("`pulumi up` until three members vote", seconds(found.up), against, times(found.up / bare))
    for what, each in found.interruptions.items():
        yield Figure(f"{what}: time without an acknowledged write, in total", seconds(each.total))
        yield Figure("… the longest such time", seconds(each.longest))
    yield Figure("lost disk to full voter, database of 300 MB", seconds(found.replaced))
    yield from footprint.figures(found.watches)


_REMARK = (
    "Three nodes with kubelet and containerd share this machine with API server, scheduler, controllers and the load "
    f"of {availability.LOAD.rate:.0f} requests a second, whose history was judged linearizable. Bare manifests are "
    "three pods of plain etcd with TLS and a Service, whose certificates were there. A cut lasts "
    f"{seconds(AWAY_SECONDS)}. Times without an acknowledged write count from {seconds(availability.NOTICED)} on."
)
