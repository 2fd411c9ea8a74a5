"""What pods on the nodes run: each image as an archive, with its names by tag and by digest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from etcd_ops.programs import etcd
from tools import agent_image as agents
from tools import go_programs, oci_image
from tools.oci_image import File, Image, Settings

PAUSE = "localhost/pause:1"


@cache
def pause_image() -> Image:
    """What holds a pod's namespaces."""
    return _image(PAUSE, "/pause", go_programs.obtain("pause"))


@cache
def etcd_image(version: str = etcd.DEFAULT) -> Image:
    """etcd where the official image has it, which has no shell either."""
    return _image(f"localhost/etcd:{version}", "/usr/local/bin/etcd", etcd.obtain(version) / "etcd")


@cache
def agent_image() -> Image:
    """What agents run in."""
    return agents.obtain()


@cache
def next_agent_image() -> Image:
    """The same programs under another digest."""
    layers = [*agents.layers(), oci_image.layer({"/etc/etcd-ops-release": File(b"next\n")})]
    return oci_image.keep(
        agents.ARCHIVES / "etcd-ops-next.tar", oci_image.archive("localhost/etcd-ops:next", layers, agents.SETTINGS)
    )


def _image(name: str, path: str, program: Path) -> Image:
    layer = oci_image.layer({path: File(program, 0o755)})
    kept = agents.ARCHIVES / f"{name.rpartition('/')[2].replace(':', '-')}.tar"
    return oci_image.keep(kept, oci_image.archive(name, [layer], Settings(entrypoint=(path,))))
