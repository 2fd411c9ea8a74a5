"""One machine: a Debian that systemd-nspawn boots, with a disk, a network and a cgroup of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from tests.machines.disks import NAME
from tests.machines.network import PREFIX, Link
from tests.nodes import cgroups
from tests.servers.lifetime import die_with_parent

START_SECONDS = 30.0
REBOOT = 133
"""How systemd-nspawn ends where the machine asks for a reboot (systemd-nspawn(1), `--keep-unit`)."""
NSPAWN = Path("/run/systemd/nspawn")
_JOIN = 'IFS=:; for group in $1; do echo $$ > "$group/cgroup.procs"; done; shift; exec "$@"'


class Machine:
    """An instance's machine.

    Args:
        instance: its ID.
        address: its own.
        tree: the root of the image, which stays as it is.
        directory: keeps what the machine writes; removed by `remove`.
    """

    def __init__(self, instance: str, address: str, tree: Path, directory: Path) -> None:
        self.instance, self.directory = instance, directory
        self.name = f"{PREFIX}-{instance[-8:]}"
        self.link = Link(instance[-8:], address)
        self.devices: dict[str, tuple[str, Path]] = {}
        self._tree = tree
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """Of its file system, whether it runs or not."""
        return self.directory / "root"

    def make(self) -> None:
        """What there is of it before it boots first."""
        for folder in ("root", "upper", "work"):
            (self.directory / folder).mkdir(parents=True)
        layers = f"lowerdir={self._tree},upperdir={self.directory}/upper,workdir={self.directory}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root], check=True)
        (self.root / "etc/systemd/network/10-eth0.network").write_text(self.link.file())
        (self.root / "etc/cloud/cloud.cfg.d/99-machine.cfg").write_text(_CLOUD)
        self.link.make()

    def boot(self) -> None:
        """Start it, with the volumes that are attached, which are there before it mounts anything.

        Raises:
            RuntimeError: its first process does not start.
        """
        cgroups.make(self.name)
        self.link.heal()
        groups = ":".join(str(hierarchy / self.name) for hierarchy in cgroups.controllers())
        with (self.directory / "console.log").open("ab") as console:
            self._running = subprocess.Popen(
                ["sh", "-c", _JOIN, "join", groups, *self._command()],
                env=_environment(self._tree), stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - only prctl
            )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while self.leader is None:
            if not self.running or time.monotonic() > until:
                raise RuntimeError(
                    f"{self.name} does not start: {(self.directory / 'console.log').read_text()[-2000:]}"
                )
            time.sleep(0.02)
        self.show_devices()

    @property
    def running(self) -> bool:
        """Whether it is on."""
        return self._running is not None and self._running.poll() is None

    @property
    def asks_for_reboot(self) -> bool:
        """Whether it went off to come on again."""
        return self._running is not None and self._running.poll() == REBOOT

    def power_off(self) -> None:
        """Everything on it ends at once, and nobody on the network is told."""
        self.link.cut()
        cgroups.kill(self.name)
        if self._running is not None:
            self._running.wait()
        self._running = None
        cgroups.remove(self.name)

    def remove(self) -> None:
        """Remove all of it."""
        self.power_off()
        forget(self.root)
        subprocess.run(["umount", self.root], check=True)
        self.link.remove()
        shutil.rmtree(self.directory)

    def plug(self, volume: str, device: Path) -> None:
        """Let the machine see a block device as the volume that it is."""
        number = next(n for n in range(1, 100) if all(node != f"nvme{n}n1" for node, _ in self.devices.values()))
        self.devices[volume] = (f"nvme{number}n1", device)

    def unplug(self, volume: str) -> Path:
        """Take it away. The block device, which somebody has to free."""
        node, device = self.devices.pop(volume)
        if self.leader is not None:
            self._inside("rm", "-f", f"/dev/{node}", f"/dev/disk/by-id/{_link(volume)}")
        return device

    def show_devices(self) -> None:
        """What udev would do, as soon as there is a /dev: machines in containers have none."""
        if self.leader is None:
            return
        for volume, (node, device) in self.devices.items():
            if not Path(f"/proc/{self.leader}/root/dev/{node}").exists():
                numbers = device.stat().st_rdev
                major, minor = os.major(numbers), os.minor(numbers)
                script = f"mknod /dev/{node} b {major} {minor} && mkdir -p /dev/disk/by-id"
                self._inside("sh", "-c", f"{script} && ln -sf ../../{node} /dev/disk/by-id/{_link(volume)}")

    @property
    def leader(self) -> int | None:
        """The machine's first process; None where there is none yet, or no more."""
        if not self.running or self._running is None:
            return None
        try:
            found = psutil.Process(self._running.pid).children()
            return next((each.pid for each in found if each.exe().endswith("systemd/systemd")), None)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def run(self, *command: str, check: bool = True) -> str:
        """What a command on the machine prints.

        Raises:
            subprocess.CalledProcessError: it failed.
            RuntimeError: the machine is off.
        """
        done = self._inside(*command, check=False)
        if check and done.returncode:
            print(done.stdout, done.stderr)
            done.check_returncode()
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        """Whether a command on the machine does; not while it is off."""
        return self.leader is not None and self._inside(*command, check=False).returncode == 0

    def journal(self, *words: str) -> str:
        """What its journal holds, of all boots; also while it is off. `words` are further arguments of journalctl.

        Empty where it holds nothing of that kind, or nothing yet.
        """
        folder = self.root / "var/log/journal"
        command = ["journalctl", f"--directory={folder}", "--no-pager", "--quiet", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def processes(self, matches: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
        """Those on the machine that are as asked for."""
        return [each for each in psutil.process_iter(["name", "cmdline"]) if self._is_here(each.pid) and matches(each)]

    def _is_here(self, pid: int) -> bool:
        try:
            return f"/{self.name}/" in Path(f"/proc/{pid}/cgroup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False

    def _inside(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        leader = self.leader
        if leader is None:
            raise RuntimeError(f"{self.name} is off")
        entered = ["nsenter", f"--target={leader}", *_NAMESPACES, "--wd=/", *command]
        return subprocess.run(entered, capture_output=True, text=True, check=check, timeout=120)

    def _command(self) -> list[str]:
        # No machined has registered it, and no unit of a service manager is around it: it stays in the cgroup it is in.
        return [
            str(self._tree / "usr/bin/systemd-nspawn"),
            "--boot",
            "--register=no",
            "--keep-unit",
            "--console=pipe",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            "--capability=CAP_NET_ADMIN,CAP_SYS_RESOURCE",
            f"--machine={self.name}",
            f"--directory={self.root}",
            f"--network-namespace-path=/run/netns/{self.link.namespace}",
        ]


_CLOUD = """\
# Nothing of this machine's hardware says that it is an instance; its address comes from its network file.
datasource_list: [Ec2]
datasource: {Ec2: {strict_id: false, metadata_urls: ["http://169.254.169.254"]}}
network: {config: disabled}
locale: C.UTF-8
ssh_genkeytypes: []
"""
_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")


def forget(root: Path) -> None:
    """Remove what systemd-nspawn leaves in /run of a machine that was killed.

    Args:
        root: of its file system, still mounted.
    """
    found = root.stat()
    (NSPAWN / "locks" / f"inode-{found.st_dev}:{found.st_ino}").unlink(missing_ok=True)
    for folder in NSPAWN.glob(f"propagate/{PREFIX}-{root.parent.name[-8:]}"):
        folder.rmdir()


def _link(volume: str) -> str:
    return NAME.format(volume.replace("-", ""))


def _environment(tree: Path) -> Mapping[str, str]:
    libraries = [str(path) for path in tree.glob("usr/lib/*-linux-gnu/systemd")]
    return {"PATH": os.defpath, "LD_LIBRARY_PATH": os.pathsep.join(libraries)}
