"""The Python SDK that the engine generates from the provider's schema, projects that use it, and their programs."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from etcd_ops.programs.cache import Cache
from tests.engine.stacks import make_project
from tests.tools.project import Project
from tools import ROOT, python_environment
from tools.engine import Engine

TIMEOUT = 300.0
"""Seconds for one command."""
OFFLINE = ("--offline", "--no-deps", "--no-build-isolation", "--no-cache", "--quiet")
"""What the SDK needs is there: the clone's environment has other SDKs, which need the same."""

EVERYTHING = """
import json
import runpy
from pathlib import Path

import etcd_ops_etcd as etcd

for program in list(Path("programs").glob("*.py")):
    endpoints = runpy.run_path(str(program))["orders"].endpoints
    endpoints.apply(lambda urls, told=program.with_suffix(".json"): told.write_text(json.dumps(urls)))
for kind, arguments in json.loads(Path("clusters.json").read_text()).items():
    getattr(etcd, kind)("full", **arguments)
"""
"""Runs the examples, writes what endpoints they have, and declares one cluster more of every kind."""
CUSTOM = """
import json
from pathlib import Path

import etcd_ops_etcd as etcd
import pulumi

declared = json.loads(Path("declaration.json").read_text())
store = etcd.LocalStore("demo", directory=declared["channel"]["directory"])
waits_for = {"store": store.present.apply(int)}
rollout = etcd.Rollout("demo", **declared, waits_for=waits_for, opts=pulumi.ResourceOptions(depends_on=store))
credential = {"cert_pem": "a certificate", "key_pem": pulumi.Output.secret("the operator's key")}
member = {"zone": "z0", "client_url": "https://m0:2379", "metrics_url": "https://m0:2382", "health_url": "http://m0:2381"}
context = etcd.LocalContext(
    "demo",
    directory=str(Path("context").absolute()),
    cluster="demo",
    channel=etcd.ChannelConnectionArgs(**declared["channel"]),
    endpoints=["https://m0:2379"],
    members={"m0": member},
    client=credential,
    metrics=credential,
    client_authorities="an authority",
    metrics_authorities="an authority",
)
pulumi.export("found", etcd.LocalStore.get("found", store.id).directory)
pulumi.export("quota", rollout.cluster.etcd.quota_backend_bytes)
pulumi.export("running", rollout.running)
pulumi.export("context", context.path)
"""
UNSAFE = """
import etcd_ops_etcd as etcd

etcd.LocalCluster("safe", etcd.LocalClusterArgs(directory="/srv/safe", volume_bytes=10 * 1024**3))
etcd.LocalCluster("unsafe", etcd.LocalClusterArgs(directory="/srv/unsafe", volume_bytes=4 * 1024**3))
"""
REFUSED = """
import etcd_ops_etcd as etcd
from pulumi import Output

other = etcd.LocalCluster("a", directory="/srv/a", size=None)
etcd.LocalCluster("b", directory="/srv/b", sise=3)  # type: ignore[call-overload]
etcd.LocalCluster("c", directory="/srv/c", size="three")  # type: ignore[call-overload]
etcd.LocalCluster("d", directory="/srv/d", etcd={"quota_backend_byte": 1})  # type: ignore[call-overload]
etcd.LocalCluster("e", directory="/srv/e", size=other.generation)  # type: ignore[call-overload]
etcd.LocalCluster("f", etcd.LocalClusterArgs(size=3))  # type: ignore[call-arg]
etcd.LocalStore("g", directory=3)  # type: ignore[call-overload]
urls: Output[list[int]] = other.endpoints  # type: ignore[assignment]
"""
"""What a type checker refuses by itself; that it is refused is checked too."""
CHECKED = """
[mypy]
strict = true
[mypy-etcd_ops_etcd.*]
follow_imports = silent
"""
"""Settings of mypy: Pulumi's generated code is not strictly typed."""


def install(engine: Engine, folder: Path) -> Path:
    """A folder with the SDK, for PYTHONPATH; the clone's environment stays what it was."""
    project = replace(make_project(engine, folder / "generating"), timeout=TIMEOUT)
    project.succeed("package", "gen-sdk", str(ROOT / "plugin"), "--language", "python", "--out", "sdk")
    place = folder / "site"
    uv, environment = python_environment.uv(Cache.of_user()), python_environment.FOLDER
    chosen = ("--python", environment, "--target", place, project.folder / "sdk" / "python")
    subprocess.run([uv, "pip", "install", *OFFLINE, *chosen], timeout=TIMEOUT, check=True)
    return place


def make(engine: Engine, sdk: Path, folder: Path, name: str = "orders") -> Project:
    """A project whose program finds the SDK, and the plugin in this repository."""
    project = make_project(engine, folder, name)
    paths = [str(sdk), *filter(None, [project.environment.get("PYTHONPATH")])]
    return replace(project, timeout=TIMEOUT, environment={**project.environment, "PYTHONPATH": os.pathsep.join(paths)})


def type_errors(sdk: Path, folder: Path, programs: list[Path]) -> str:
    """What mypy tells of programs; empty where there is nothing to tell."""
    settings = folder / "mypy.ini"
    settings.write_text(CHECKED)
    options = ("--config-file", settings, "--cache-dir", folder / "cache", "--no-error-summary")
    done = subprocess.run(
        [python_environment.FOLDER / "bin" / "mypy", *options, *programs],
        env={**os.environ, "MYPYPATH": str(sdk)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return done.stdout + done.stderr
