"""A node: containerd and a real kubelet in the network and the cgroup of a zone."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.nodes import cgroups, traces
from tests.nodes.images import PAUSE
from tests.nodes.namespaces import HUB, PODS, PREFIX, Zone
from tests.servers.processes import Processes
from tools.oci_image import Image


class Node:
    """One zone's only node. Its directory is short, because Unix sockets' names are."""

    def __init__(self, zone: Zone, directory: Path, programs: Path, environment: Mapping[str, str]) -> None:
        """Name its parts; `start` starts it.

        Args:
            zone: where it is.
            directory: keeps all of it; removed by `remove`.
            programs: the folder with the programs of Kubernetes.
            environment: in which containerd, runc and the CNI plugins are found.
        """
        self.zone, self.directory = zone, directory
        self.manifests = directory / "manifests"
        self._programs, self._environment = programs, dict(environment)
        self._cgroup = f"{PREFIX}-{zone.name}"
        self.processes = Processes(directory / "logs")
        self.manifests.mkdir(parents=True)

    @property
    def name(self) -> str:
        """Of the Kubernetes node."""
        return f"node-{self.zone.name}"

    def start(self, kubeconfig: Path, authority: Path, plugins: Path, images: Iterable[Image]) -> None:
        """Start both daemons.

        Args:
            kubeconfig: the kubelet's.
            authority: certificates of the authority that its callers' are of.
            plugins: the folder with the CNI plugins.
            images: what its pods run; more can be imported later.
        """
        cgroups.make(self._cgroup)
        self._write(plugins, authority)
        self._start("containerd", "containerd", "--config", str(self.directory / "containerd.toml"))
        self.processes.wait_for(f"containerd of {self.name}", lambda: self.ctr("version", check=False).returncode == 0)
        for image in images:
            self.import_image(image)
        self.start_kubelet(kubeconfig)
        self._start_proxy(kubeconfig)

    def import_image(self, image: Image) -> None:
        """Let pods run an image, by either of its names."""
        self.ctr("images", "import", str(image.archive))

    def _start_proxy(self, kubeconfig: Path) -> None:
        """What leads a Service's address to its pods, by nftables."""
        self._start(
            "kube-proxy",
            str(self._programs / "kube-proxy"),
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={self.name}",
            "--proxy-mode=nftables",
            f"--bind-address={self.zone.address}",
            "--metrics-bind-address=127.0.0.1:10249",
            "--healthz-bind-address=127.0.0.1:10256",
            f"--cluster-cidr={PODS}",
            # Not a namespace's to set.
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=0s",
        )

    def start_kubelet(self, kubeconfig: Path) -> None:
        """Start the kubelet, which may have run before."""
        self._start(
            "kubelet",
            str(self._programs / "kubelet"),
            f"--config={self.directory / 'kubelet.json'}",
            f"--root-dir={self.directory / 'kubelet'}",
            f"--cert-dir={self.directory / 'kubelet' / 'pki'}",
            f"--kubeconfig={kubeconfig}",
            f"--node-ip={self.zone.address}",
            f"--hostname-override={self.name}",
            f"--node-labels=topology.kubernetes.io/zone={self.zone.name}",
        )

    def restart_clients(self, kubeconfig: Path) -> None:
        """Start anew what watches the API; containers go on."""
        self.kill_kubelet()
        self.processes.stop("kube-proxy", signal.SIGKILL)
        self.start_kubelet(kubeconfig)
        self._start_proxy(kubeconfig)

    def set_kubelet(self, kubeconfig: Path, settings: Mapping[str, Any]) -> None:
        """Start the kubelet anew, with further settings of its configuration."""
        self.kill_kubelet()
        file = self.directory / "kubelet.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | settings))
        self.start_kubelet(kubeconfig)

    def kill_kubelet(self) -> None:
        """Its containers go on."""
        self.processes.stop("kubelet", signal.SIGKILL)

    def lose_power(self) -> None:
        """End the kubelet and all containers at once; what is on disk stays."""
        self.kill_kubelet()
        self._remove_containers()

    def ctr(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Ask containerd."""
        return _ctr(self.directory, self._environment, *words, check=check)

    def remove(self) -> None:
        """End everything on the node, and remove all of it: processes, mounts, networks, cgroups, files."""
        for name in ("kube-proxy", "kubelet"):
            if name in self.processes:
                self.processes.stop(name)
        if "containerd" in self.processes:
            self._remove_containers()
            self.processes.stop("containerd")
        unmount_below(self.directory)
        cgroups.remove(self._cgroup)
        shutil.rmtree(self.directory)

    def _start(self, name: str, *command: str) -> None:
        self.processes.start(name, self.zone.inside(*command), self._environment)

    def _remove_containers(self) -> None:
        for container in self.ctr("containers", "ls", "--quiet").stdout.split():
            information = json.loads(self.ctr("containers", "info", container).stdout)
            self.ctr("tasks", "delete", "--force", container, check=False)
            self.ctr("containers", "delete", container, check=False)
            traces.remove_network(container, information.get("Spec", {}))

    def _write(self, plugins: Path, authority: Path) -> None:
        (self.directory / "cni").mkdir()
        (self.directory / "cni" / "10-pods.conflist").write_text(json.dumps(self._pod_network()))
        (self.directory / "containerd.toml").write_text(self._containerd(plugins))
        (self.directory / "kubelet.json").write_text(json.dumps(self._kubelet(authority)))

    def _pod_network(self) -> dict[str, Any]:
        addresses = {
            "type": "host-local",
            "dataDir": str(self.directory / "addresses"),
            "subnet": self.zone.pods,
            "routes": [{"dst": "0.0.0.0/0"}],
        }
        plugin = {"type": "ptp", "ipMasq": False, "ipam": addresses}
        return {"cniVersion": "0.4.0", "name": "pods", "plugins": [plugin]}

    def _containerd(self, plugins: Path) -> str:
        # Without the right to lower a process's score, every sandbox would fail but for restrict_oom_score_adj.
        return f"""\
version = 2
root = "{self.directory}/containerd"
state = "{self.directory}/run"
[grpc]
  address = "{_socket(self.directory)}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{self.directory}/cni"
"""

    def _kubelet(self, authority: Path) -> dict[str, Any]:
        """Quick to notice, and easy about cgroups of version 1 (`KubeletConfiguration`, kubelet.config.k8s.io)."""
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.zone.address,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(authority)},
            },
            "authorization": {"mode": "Webhook"},
            "staticPodPath": str(self.manifests),
            "containerRuntimeEndpoint": f"unix://{_socket(self.directory)}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self._cgroup}",
            "failCgroupV1": False,
            "maxOpenFiles": 20000,
            "oomScoreAdj": 0,
            "podLogsDir": str(self.directory / "podlogs"),
            "nodeStatusUpdateFrequency": "4s",
            "fileCheckFrequency": "2s",
            "syncFrequency": "10s",
            "resolvConf": "",
            "clusterDomain": "cluster.local",
            "clusterDNS": [HUB],
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "evictionHard": {"memory.available": "100Mi"},
        }


def import_missing(directory: Path, environment: Mapping[str, str], images: Iterable[Image]) -> None:
    """Bring images to a running node that does not have them yet.

    Args:
        directory: the node's.
        environment: in which `ctr` is found.
        images: what its pods are to run.
    """
    there = _ctr(directory, environment, "images", "ls", "--quiet").stdout.split()
    for image in images:
        if image.reference not in there:
            _ctr(directory, environment, "images", "import", str(image.archive))


def _ctr(
    directory: Path, environment: Mapping[str, str], *words: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    command = ["ctr", "--address", str(_socket(directory)), "--namespace", "k8s.io", *words]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=check)


def _socket(directory: Path) -> Path:
    return directory / "c.sock"


def unmount_below(directory: Path) -> None:
    """Unmount whatever is mounted there, the innermost first."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for path in reversed([path for path in mounted if Path(path).is_relative_to(directory)]):
        subprocess.run(["umount", path], check=True)
