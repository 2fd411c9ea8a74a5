"""Nothing of a cluster of nodes is left on the machine, however it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.nodes.cluster import cluster, remove_leftovers
from tests.nodes.remains import left
from tests.nodes.test_cluster import static_pod, until
from tools import ROOT

pytestmark = [pytest.mark.nodes, pytest.mark.soak, pytest.mark.timeout(300)]


def test_a_cluster_takes_everything_with_it(before: list[str]) -> None:
    with cluster(("d",)) as alone:
        node = alone.nodes["d"]
        (node.manifests / "etcd.json").write_text(json.dumps(static_pod(node, alone.nodes)))
        until(lambda: len(alone.ready_pods("kube-system")) == 1)
        assert len(left()) > len(before)
    assert left() == before


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


def test_the_next_run_removes_what_a_killed_one_left(before: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED], check=False, env=environment)
    assert done.returncode == -signal.SIGKILL
    assert len(left()) > len(before)
    remove_leftovers()
    assert left() == before
