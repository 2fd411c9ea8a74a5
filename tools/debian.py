"""Programs of Debian packages, unpacked into the cache: nothing is installed on the machine."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.programs.cache import Cache, Key, machine
from etcd_ops.programs.progress import ObtainError, run, say


@dataclass(frozen=True)
class Package:
    """One package of Debian 12, for amd64."""

    name: str
    version: str
    sha256: str
    """Of the archive."""


NODE = (
    Package("containerd", "1.6.20~ds1-1+deb12u3", "8669d264eeb0fcdb4a0b1ba436ab88ec5dafde4a66e1278ec279d830db4c2216"),
    Package("runc", "1.1.5+ds1-1+deb12u1", "a00351f8c0318de0b424ecf5cd0fdb69880a89f3511cae4f6fff7de3e57881c5"),
    Package(
        "containernetworking-plugins",
        "1.1.1+ds1-3+b5",
        "4cac8143474d1249b19f7b0e80b8d0daaa6dfdaa8bd514bc468d38d4a108099f",
    ),
    Package("nftables", "1.0.6-2+deb12u2", "966ff20ce58c17163a771c02ddbca264291408f94c512bd85dd18da0ebdbe88c"),
    Package("libnftables1", "1.0.6-2+deb12u2", "3a8223f9bfba99d97bf25296ac83de307ab036e1df63e5965f88809266851947"),
    Package("libnftnl11", "1.2.4-2", "9e619e1470a1915264e906020f3bfc046fd8458043b1342686d997b5078213af"),
    Package("libmnl0", "1.0.4-3", "4581f42e3373cb72f9ea4e88163b17873afca614a6c6f54637e95aa75983ea7c"),
    Package("libjansson4", "2.14-2", "3fc9742f9f1a37bcb9931df6074b4d1483419ef832ad5349f47323e75fc27864"),
    Package("libxtables12", "1.8.9-2", "cb841d66950a43af4a398625313d2f3da9065299c9738538de6c2c3495857040"),
    Package("libedit2", "3.1-20221030-2", "1cf14abf2716d3279db12d0657a5737cf70074a1e71d3bdf73206625e3c89ce6"),
    Package("conntrack", "1:1.4.7-1+b2", "9827d60b60c1b5673e97f34db48d9db79e9f9ef807ee998320f6dafc80711e82"),
    Package("libseccomp2", "2.5.4-1+deb12u1", "108fe67957ca7cf9ba51d801118a1b37d404bea7b6e365025cd00779e9eca38d"),
    Package(
        "busybox-static", "1:1.35.0-4+deb12u1+b1", "3d3fdbe91d4660c873e14b092c213fe81c1da6362daa236eb25d0171eb108744"
    ),
)
"""What a Kubernetes node runs besides Kubernetes itself, and the libraries of it that not every machine has."""


def obtain(name: str, packages: tuple[Package, ...], cache: Cache | None = None) -> Path:
    """The root folder of the unpacked packages.

    Args:
        name: of the set, in the cache.
        packages: what is unpacked.
        cache: where programs are kept; the user's own if None.

    Raises:
        ObtainError: this is no Debian 12 for amd64, or a package is not to be had, or not what it should be.
    """
    if machine() != "linux-amd64" or platform.freedesktop_os_release().get("VERSION_CODENAME") != "bookworm":
        raise ObtainError(f"{name}: the packages are those of Debian 12 for amd64, which this machine is not")
    key = Key(name, "debian12", repr(packages).encode())
    return (cache or Cache.of_user()).obtain(key, lambda into: _unpack(packages, into))


def environment(root: Path) -> dict[str, str]:
    """This process's environment, in which the programs and their libraries are found first."""
    folders = [str(root / folder) for folder in ("usr/bin", "usr/sbin")]
    libraries = [str(path) for path in root.glob("usr/lib/*-linux-gnu")]
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def _unpack(packages: tuple[Package, ...], into: Path) -> None:
    apt = into / "apt"
    options = list(_private(apt))
    say("fetching Debian packages")
    run(["apt-get", *options, "update"], "reading Debian's list of packages")
    wanted = [f"{package.name}={package.version}" for package in packages]
    run(["apt-get", *options, "download", *wanted], "fetching Debian packages", folder=apt)
    archives = {_sha256(path): path for path in apt.glob("*.deb")}
    for package in packages:
        run(["dpkg-deb", "--extract", _checked(package, archives), into], f"unpacking {package.name}")
    shutil.rmtree(apt)


def _private(apt: Path) -> Iterator[str]:
    """Lists and archives in a folder of our own: the machine's are left as they are, and nobody need be root."""
    for option, folder in {"State": "state", "State::Lists": "lists", "Cache": "cache"}.items():
        (apt / folder / "partial").mkdir(parents=True)
        yield f"-oDir::{option}={apt / folder}"
    yield "-oAPT::Sandbox::User="


def _checked(package: Package, archives: Mapping[str, Path]) -> Path:
    found = archives.get(package.sha256)
    if found is None:
        raise ObtainError(f"{package.name} {package.version}: the archive is not the one that was pinned")
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
