"""Nothing of a cluster of nodes is left on the machine, however it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nodes.cluster import DIRECTORY, cluster, missing, remove_leftovers
from tests.nodes.namespaces import PREFIX
from tests.nodes.test_cluster import static_pod, until
from tools import ROOT

pytestmark = [pytest.mark.nodes, pytest.mark.timeout(300), pytest.mark.xdist_group("nodes")]


@pytest.fixture(autouse=True)
def possible() -> None:
    if why := missing():
        pytest.skip(why)


def left() -> list[str]:
    """What there is of a cluster: processes, mounts, files, networks, cgroups."""
    commands = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    lines = [*commands.splitlines(), *links.splitlines(), *Path("/proc/mounts").read_text().splitlines()]
    named = [*Path("/run/netns").glob(f"{PREFIX}-*"), *Path("/sys/fs/cgroup").glob(f"*/{PREFIX}-*")]
    paths = [DIRECTORY, *named]
    return [line for line in lines if PREFIX in line] + [str(path) for path in paths if path.exists()]


def test_a_cluster_takes_everything_with_it() -> None:
    with cluster(("d",)) as alone:
        node = alone.nodes["d"]
        (node.manifests / "etcd.json").write_text(json.dumps(static_pod(node, alone.nodes)))
        until(lambda: len(alone.ready_pods("kube-system")) == 1)
        assert left()
    assert left() == []


KILLED = """
import json, os, signal
from tests.nodes.cluster import cluster
from tests.nodes.test_cluster import static_pod, until
from tools import ROOT
with cluster(("d",)) as alone:
    node = alone.nodes["d"]
    (node.manifests / "etcd.json").write_text(json.dumps(static_pod(node, alone.nodes)))
    until(lambda: len(alone.ready_pods("kube-system")) == 1)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_run_removes_what_a_killed_one_left() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED], check=False, env=environment)
    assert done.returncode == -signal.SIGKILL
    assert left()
    remove_leftovers()
    assert left() == []
