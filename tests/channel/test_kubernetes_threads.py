"""Threads that are the first to speak to an API server, all at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lightkube.config.kubeconfig import KubeConfig

from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client

SCRIPT = """
import sys, threading
from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client

def ask():
    together.wait()
    try:
        api_client(NamespacePlace("n", sys.argv[1], "tests"), 1.0, 1.0).close()
    except Exception as problem:
        problems.append(repr(problem))

sys.setswitchinterval(1e-4)
together, problems = threading.Barrier(12), []
threads = [threading.Thread(target=ask) for _ in range(12)]
for each in threads:
    each.start()
for each in threads:
    each.join()
sys.exit("; ".join(problems) or 0)
"""
ROUNDS = 8
"""Of which about one in three failed where threads imported what they need without a lock."""


def test_none_of_them_finds_a_library_half_imported(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(_kubeconfig()))
    command = [sys.executable, "-c", SCRIPT, str(kubeconfig)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(ROUNDS)]
    assert [(each.returncode, each.stderr) for each in runs] == [(0, "")] * ROUNDS


def _kubeconfig() -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "nobody"}}],
        "current-context": "tests",
    }


def test_they_read_their_kubeconfigs_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads them ends the process where threads are the first to use it at the same time."""
    kubeconfig, inside, most = tmp_path / "kubeconfig", threading.Semaphore(1), []
    kubeconfig.write_text(json.dumps(_kubeconfig()))
    read = KubeConfig.from_file

    def watched(path: str) -> KubeConfig:
        alone = inside.acquire(blocking=False)
        most.append(alone)
        found = read(path)
        if alone:
            inside.release()
        return found

    monkeypatch.setattr(KubeConfig, "from_file", watched)
    place = NamespacePlace("n", str(kubeconfig), "tests")
    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(api_client, place, 1.0, 1.0) for _ in range(64)]:
            each.result().close()
    assert len(most) == 64
    assert all(most)
