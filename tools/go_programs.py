"""Programs of our own in Go: each folder `tools/go/NAME` with a go.mod, a go.sum and a main package."""

from __future__ import annotations

from pathlib import Path

from etcd_ops.programs import golang
from etcd_ops.programs.cache import Cache
from etcd_ops.programs.progress import ObtainError
from tools import ROOT

FOLDER = ROOT / "tools" / "go"

_VERSION = "k8s.io/component-base/version."
_RELEASE = f"-X {_VERSION}gitVersion=v1.36.4 -X {_VERSION}gitMajor=1 -X {_VERSION}gitMinor=36"


def _of_kubernetes(name: str, takes: str) -> golang.Recipe:
    """Programs of Kubernetes have to be told their version when they are built."""
    binary = golang.Binary(name, ".", ("-ldflags", f"-s -w {_RELEASE}"))
    return golang.Recipe(name, "1.36.4", FOLDER / name, (binary,), takes)


KUBERNETES = _of_kubernetes("kubernetes", "five to seven minutes")
"""The programs of Kubernetes, in one."""

KUBEADM = _of_kubernetes("kubeadm", "four minutes, or half a minute beside Kubernetes")
"""Only tests run it; by itself, so that whoever runs no tests does not build it."""

COREDNS = golang.Recipe("coredns", "1.15.0", FOLDER / "coredns", (golang.Binary("coredns", "."),), "two minutes")

KWOK = golang.Recipe("kwok", "0.8.0", FOLDER / "kwok", (golang.Binary("kwok", "."),), "a minute or two")
"""Nodes that are objects only: tests of controllers and the scheduler need no more, and no root."""

OF_NODES = ("coredns", "install-program", "pause")
"""Programs that only Kubernetes nodes, and images for them, need."""


def names() -> list[str]:
    """The programs there are."""
    return sorted(path.parent.name for path in FOLDER.glob("*/main.go"))


def obtain(name: str, cache: Cache | None = None) -> Path:
    """The path of an executable, built if its sources have changed since it was built last.

    Args:
        name: one of `names()`.
        cache: where programs are kept; the user's own if None.

    Raises:
        ObtainError: there is no such program, or it cannot be built.
    """
    if name not in names():
        raise ObtainError(f"there is no program tools/go/{name}; there are {', '.join(names())}")
    return golang.obtain(cache or Cache.of_user(), _recipe(name)) / name


def _recipe(name: str) -> golang.Recipe:
    for known in (KUBERNETES, KUBEADM, COREDNS, KWOK):
        if known.name == name:
            return known
    return golang.Recipe(name, "local", FOLDER / name, (golang.Binary(name, "."),), "some seconds")
