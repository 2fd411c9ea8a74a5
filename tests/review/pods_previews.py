"""Previews of the stacks `kubernetes` and `static-pods` on the real engine, with a real API server and no nodes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.components.stateful_sets import AGENT, ETCD, UID
from tests.review.own_stack import DESTROY, OwnStack, Scenario, Stage, configured, is_wanted, recording
from tests.servers.kubernetes import CONTEXT, KubernetesServer, kubernetes_server
from tools.engine import Engine

ADDRESS = "127.43.0.10"
GIB = 1024**3
KUBECONFIG = "/etc/kubernetes/admin.kubeconfig"
_OTHER_AGENT = AGENT.replace("aaaa", "bbbb")
_OTHER_ETCD = ETCD.replace("eeee", "dddd")


@dataclass(frozen=True)
class Recorded:
    """A stack, and what is previewed of it."""

    stack: str
    first: Scenario
    stages: Sequence[Stage]


def _changed(stack: str, setting: str, **changes: Any) -> dict[str, Any]:
    """A setting with some of its parts changed, and the images that it has here."""
    return {setting: {**configured(stack)[setting], **_IMAGES.get(setting, {}), **changes}}


_IMAGES = {"etcd": {"image": ETCD}, "agent": {"image": AGENT}}
_UPGRADED = {"version": "3.7.2", "image": _OTHER_ETCD}
_SETS = "kubernetes"
SETS = Recorded(
    _SETS,
    Scenario("sets-create", words=()),
    (
        Stage((
            Scenario("sets-quota-lowered", _changed(_SETS, "etcd", quotaBackendBytes=GIB)),
            Scenario("sets-memory", _changed(_SETS, "resources", etcd={"cpu": "200m", "memory": "1Gi"})),
            Scenario("sets-agent", _changed(_SETS, "agent", image=_OTHER_AGENT)),
            Scenario("sets-grow", {"size": "5"}),
            Scenario("sets-volumes-grow", {"volumeBytes": str(20 * GIB)}),
            Scenario("sets-zone-moved", {"size": None, "zones": ["a", "b", "d"]}),
            Scenario("sets-set-replaced", replaces=("kubernetes:apps/v1:StatefulSet kubernetes-b-1",)),
            Scenario("sets-destroy", words=(), command=DESTROY),
        )),
    ),
)  # fmt: skip
_STATIC = "static-pods"
_PLACES = configured(_STATIC)["slots"]
_OTHER_NODE = {"zone": "c", "node": "node-d", "address": "10.77.0.14"}
STATIC = Recorded(
    _STATIC,
    Scenario("static-create", words=()),
    (
        Stage((
            Scenario("static-upgrade", _changed(_STATIC, "etcd", **_UPGRADED)),
            Scenario("static-node-moved", {"slots": {**_PLACES, "c-1": {**_PLACES["c-1"], "node": "node-d"}}}),
            Scenario("static-exchanged", {"slots": {"a-1": _PLACES["a-1"], "b-1": _PLACES["b-1"], "c-2": _OTHER_NODE}}),
            Scenario("static-agent-replaced", replaces=("kubernetes:apps/v1:DaemonSet static-pods-b-1",)),
        )),
    ),
)  # fmt: skip


def record(engine: Engine, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The previews by name, as they are kept."""
    asked = [each for each in (SETS, STATIC) if is_wanted(each.first, each.stages, wanted)]
    if not asked:
        return
    with tempfile.TemporaryDirectory(prefix="review-") as made:
        folder = Path(made)
        with kubernetes_server(folder / "server", address=ADDRESS) as server:
            for each in asked:
                yield from _recorded(engine, folder / each.stack, server, each, wanted)


def _recorded(
    engine: Engine, folder: Path, server: KubernetesServer, this: Recorded, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, str]]:
    declared = configured(this.stack)
    namespace = declared["namespace"]
    uid = server.make_namespace(namespace)
    images = {setting: {**declared[setting], **image} for setting, image in _IMAGES.items()}
    place = {"kubeconfig": str(server.kubeconfig), "context": CONTEXT, "namespaceUid": uid}
    stack = OwnStack(engine, folder, this.stack, {**images, **place}, {})
    connection = server.connection(namespace, this.stack)
    places = {str(server.kubeconfig): KUBECONFIG, uid: UID}
    yield from recording(stack, connection, places, this.first, this.stages, wanted)
