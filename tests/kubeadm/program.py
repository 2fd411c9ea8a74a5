"""kubeadm itself: what it is told, and how it is run where it writes nothing but a folder of the test's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pulumi_etcd.static_pods.kubeadm import API_VERSION
from tools import go_programs

PKI = "/etc/kubernetes/pki"
"""Where kubeadm has certificates, unless it is told otherwise."""
_VERSION = f"v{go_programs.KUBEADM.version}"
_SOCKET = "unix:///run/nobody-listens.sock"
"""Named so that kubeadm does not look for one."""


class Kubeadm:
    """Says what it would do (`--dry-run`), and writes the files of it into a folder.

    Args:
        folder: the test's.
        configuration: of `init_configuration`.
    """

    def __init__(self, folder: Path, configuration: str) -> None:
        self.written = folder / "written"
        """By the names that they have below the folders they are meant for."""
        self._configuration = folder / "kubeadm.yaml"
        self.written.mkdir(parents=True)
        self._configuration.write_text(configuration)

    def phase(self, *words: str) -> str:
        """Run a phase of `kubeadm init`; what it said.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        return self._run("init", "phase", *words, "--dry-run")

    def validate(self) -> None:
        """Judge its configuration.

        Raises:
            subprocess.CalledProcessError: it refuses it, and tells why in `stderr`.
        """
        self._run("config", "validate")

    def manifest(self, component: str) -> dict[str, Any]:
        """The static pod that a phase has written."""
        found: dict[str, Any] = yaml.safe_load((self.written / f"{component}.yaml").read_text())
        return found

    def _run(self, *words: str) -> str:
        command = [str(go_programs.obtain("kubeadm")), *words, "--config", str(self._configuration)]
        environment = {**os.environ, "KUBEADM_INIT_DRYRUN_DIR": str(self.written)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout + done.stderr


def init_configuration(name: str, address: str, cluster: Mapping[str, Any]) -> str:
    """What `kubeadm init` is told on a node.

    Args:
        name: the node's.
        address: the node's.
        cluster: of the `ClusterConfiguration`, which is the cluster's.
    """
    init = {
        "apiVersion": API_VERSION,
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": address},
        "nodeRegistration": {"name": name, "criSocket": _SOCKET},
    }
    whole = {"apiVersion": API_VERSION, "kind": "ClusterConfiguration", "kubernetesVersion": _VERSION, **cluster}
    return yaml.safe_dump_all([init, whole], sort_keys=False)


def options(pod: Mapping[str, Any]) -> dict[str, str]:
    """By name: the options of a static pod's only container."""
    _, *words = pod["spec"]["containers"][0]["command"]
    return dict(word.removeprefix("--").split("=", 1) for word in words)
