"""The file tree of a Debian 12 machine as an Amazon Machine Image has it: systemd, cloud-init and Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from etcd_ops.programs.cache import Cache, Key
from etcd_ops.programs.progress import ObtainError, run, say
from tools import debian

_FIREWALL = {"nftables", "libnftables1", "libnftnl11", "libmnl0", "libjansson4", "libxtables12", "libedit2"}

PROGRAMS = (
    debian.Package(
        "debootstrap", "1.0.128+nmu2+deb12u2", "63f354316e9bbe747b143b7b0d83e5f237c90314a17734fba9ff202c2ef02760"
    ),
    *(each for each in debian.NODE if each.name in _FIREWALL),
)
"""What makes the tree, and what the network of the machines takes."""

INSTALLED = (
    "ca-certificates",
    "cloud-init",
    "dbus",
    "e2fsprogs",
    "iproute2",
    "iputils-ping",
    "libnss-resolve",
    "mount",
    "netbase",
    "nftables",
    "procps",
    "python3",
    "python3-cffi-backend",
    "systemd",
    "systemd-container",
    "systemd-resolved",
    "systemd-sysv",
    "udev",
    "util-linux",
)
"""Beside what every Debian has. debootstrap does not follow versioned provisions, so one is named for cloud-init;
`systemd-container` is there for the machine's host, which runs this tree's `systemd-nspawn`."""

DISABLED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "cloud-init-hotplugd.socket",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "systemd-timesyncd.service",
)
"""What takes a core that tests share, or the clock of the machine below."""

_ENABLED = ("systemd-networkd.service", "systemd-resolved.service")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUITE = "bookworm"


def programs(cache: Cache | None = None) -> Path:
    """The root folder of the programs that make the tree and its network.

    Raises:
        ObtainError: they are not to be had here; see `debian.obtain`.
    """
    return debian.obtain("machine-programs", PROGRAMS, cache)


def obtain(cache: Cache | None = None) -> Path:
    """The root of the tree, which is not to be written to; made by root in two minutes where it is not there yet.

    Args:
        cache: where programs are kept; the user's own if None.

    Raises:
        ObtainError: this is no Debian 12 for amd64, or a package could not be had.
    """
    cache = cache or Cache.of_user()
    tools = programs(cache)
    recipe = repr((PROGRAMS, INSTALLED, DISABLED, _ENABLED)).encode()
    return cache.obtain(Key("machine-tree", "debian12", recipe), lambda into: _make(tools, into / "root")) / "root"


def _make(tools: Path, into: Path) -> None:
    say("making the file tree of a Debian machine: two minutes")
    environment = {**os.environ, "DEBOOTSTRAP_DIR": str(tools / "usr" / "share" / "debootstrap"), "LC_ALL": "C"}
    options = ["--variant=minbase", f"--keyring={_KEYRING}", f"--include={','.join(INSTALLED)}"]
    command = [str(tools / "usr" / "sbin" / "debootstrap"), *options, _SUITE, str(into), _mirror()]
    run(command, "making a Debian machine", environment=environment)
    run(["chroot", into, "systemctl", "enable", *_ENABLED], "setting a Debian machine up")
    run(["chroot", into, "systemctl", "mask", *DISABLED], "setting a Debian machine up")
    (into / "etc" / "machine-id").write_text("")
    (into / "var" / "log" / "journal").mkdir(exist_ok=True)
    resolver = into / "etc" / "resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.symlink_to("../run/systemd/resolve/stub-resolv.conf")
    shutil.rmtree(into / "var" / "cache" / "apt" / "archives", ignore_errors=True)


def _mirror() -> str:
    """The one that this machine's own packages come from, by the path of its release."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Release: {_SUITE}"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    if not found:
        raise ObtainError(f"apt knows no mirror of Debian's {_SUITE}")
    return found[0]
