"""Previews of clusters on Kubernetes and on AWS: against a real API server, and an emulated AWS."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import clusters
from bench.figures import Section
from bench.previewing import Previews, scale_previews
from tests.components import ec2, stateful_sets
from tests.servers.aws import ENVIRONMENT, AwsServer
from tests.servers.kubernetes import CONTEXT, kubernetes_server
from tools.engine import Engine

ADDRESS = "127.43.0.83"
"""Used by no test."""
NAMESPACE = "bench"


def on_kubernetes(engine: Engine) -> Section:
    """Nothing is made; every cluster's channel is looked for in the API server."""
    with clusters.folder() as folder, kubernetes_server(folder / "api", address=ADDRESS) as server:
        uid = server.make_namespace(NAMESPACE)
        place = {
            "namespace": NAMESPACE, "namespace_uid": uid, "kubeconfig": str(server.kubeconfig), "context": CONTEXT,
        }  # fmt: skip
        previews = Previews(engine, folder, "StatefulSetCluster", lambda _: {**stateful_sets.ARGS, **place})
        figures = tuple(scale_previews(previews))
    return Section("Previews of StatefulSetClusters", figures, f"{_REMARK} A real API server answers, with no nodes.")


def on_aws(engine: Engine) -> Section:
    """Nothing is made; every cluster's bucket is looked for in the emulated AWS."""
    with clusters.folder() as folder, emulated_aws() as server:
        figures = tuple(scale_previews(on_emulated_aws(engine, folder, server)))
    return Section("Previews of Ec2Clusters", figures, f"{_REMARK} AWS is emulated (moto).")


@contextmanager
def emulated_aws() -> Iterator[AwsServer]:
    """An AWS in which nothing is."""
    with clusters.folder() as folder:
        server = AwsServer(folder, ADDRESS)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def on_emulated_aws(
    engine: Engine, folder: Path, server: AwsServer, environment: Mapping[str, str] | None = None
) -> Previews:
    """A stack with clusters there; `environment` has further variables of the engine."""
    given = {**ec2.ARGS, **_artifacts(folder), "endpoint_url": server.endpoint}
    return Previews(engine, folder, "Ec2Cluster", lambda _: given, {**ENVIRONMENT, **(environment or {})})


def _artifacts(folder: Path) -> dict[str, Any]:
    """Files that members would fetch, as arguments."""
    found = {}
    for name in ("etcd", "agent"):
        path = folder / name
        path.write_bytes(name.encode())
        found[name] = {"path": str(path), "sha256": hashlib.sha256(name.encode()).hexdigest()}
    return {"etcd": {"program": found["etcd"]}, "agent": {"archive": found["agent"]}}


_REMARK = "Of clusters that do not exist yet, by the stand-in plugins of this repository."
