"""The machines of a cluster: which types there may be, and what a volume of theirs may be asked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from etcd_ops.model.problems import Problem
from etcd_ops.model.root_volumes import ROOT_DEVICE
from pulumi_etcd.trusts import Wire

GIB = 1024**3
ARCHITECTURES = ("x86_64", "arm64")
_IMAGE = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")
_TYPE = re.compile(
    r"(?P<family>[a-z]+(-[0-9a-z]+)?[0-9]*(?P<attributes>[a-z]*)(-[a-z0-9]+)?)\.(metal(-\d+xl)?|[0-9]*[a-z]+)"
)
_WITHOUT_NITRO = frozenset(
    [
        "c1",
        "c3",
        "c4",
        "cc2",
        "cr1",
        "d2",
        "f1",
        "g2",
        "g3",
        "g3s",
        "h1",
        "hi1",
        "hs1",
        "i2",
        "i3",
        "m1",
        "m2",
        "m3",
        "m4",
        "p2",
        "p3",
        "r3",
        "r4",
        "t1",
        "t2",
        "x1",
        "x1e",
    ]
)
"""Families of virtual machines whose volumes are no NVMe devices, so that nobody can tell which is which
(EC2 User Guide, "Instances built on the AWS Nitro System")."""
_ARM_OF_OLD = frozenset({"a1"})
LARGEST_BYTES, IOPS, THROUGHPUT = 64 * 1024 * GIB, (3000, 80_000), (125, 2000)
IOPS_PER_GIB, IOPS_PER_MIBPS = 500, 4
"""Limits of gp3 (Amazon EBS User Guide, "General Purpose SSD volumes")."""


@dataclass(frozen=True, slots=True)
class Machines:
    """What the machines of one cluster have in common."""

    image: str
    instance_type: str
    architecture: str
    root_device: str


@dataclass(frozen=True, slots=True)
class Volumes:
    """What their data volumes have in common."""

    size_bytes: int
    iops: int
    throughput: int
    """MiB a second."""

    @property
    def gib(self) -> int:
        """Their size in GiB."""
        return self.size_bytes // GIB


def machines(wire: Wire) -> Machines:
    """The machines, with every default."""
    return Machines(wire["image"], wire["instanceType"], wire["architecture"], wire.get("rootDevice", ROOT_DEVICE))


def volumes(wire: Wire, size_bytes: int) -> Volumes:
    """The data volumes, with every default.

    Args:
        wire: the arguments.
        size_bytes: where they say none.
    """
    declared = wire.get("volume", {})
    return Volumes(
        declared.get("sizeBytes", size_bytes),
        declared.get("iops", IOPS[0]),
        declared.get("throughputMibps", THROUGHPUT[0]),
    )


def architecture(instance_type: str) -> str:
    """The architecture of a type's processors; empty where the text is no type.

    Graviton is the `g` among the letters after the generation's number ("Amazon EC2 instance type naming conventions").
    """
    found = _TYPE.fullmatch(instance_type)
    if found is None:
        return ""
    return "arm64" if found["family"] in _ARM_OF_OLD or "g" in found["attributes"] else "x86_64"


def machine_problems(these: Machines) -> Iterator[Problem]:
    """Problems with image, type and architecture."""
    if not _IMAGE.fullmatch(these.image):
        remedy = "name one image by its ID, which never means another one"
        yield Problem("image", f"{these.image!r} is not ami- and 8 or 17 hexadecimal digits", remedy)
    if these.architecture not in ARCHITECTURES:
        yield Problem("architecture", f"{these.architecture!r} is none of {', '.join(ARCHITECTURES)}")
    yield from _type_problems(these)
    if not these.root_device.startswith("/dev/"):
        remedy = "see RootDeviceName of `aws ec2 describe-images`"
        yield Problem("rootDevice", f"{these.root_device!r} is not a device such as /dev/xvda", remedy)


def _type_problems(these: Machines) -> Iterator[Problem]:
    found = architecture(these.instance_type)
    if not found:
        yield Problem("instanceType", f"{these.instance_type!r} is not a type such as m7g.large")
    elif these.instance_type.split(".")[0] in _WITHOUT_NITRO:
        reason = f"{these.instance_type} is not built on Nitro, and its volumes cannot be told apart"
        yield Problem("instanceType", reason, "use a type of a later generation")
    elif these.architecture in ARCHITECTURES and found != these.architecture:
        remedy = "declare the architecture of type, image and archives"
        yield Problem("instanceType", f"{these.instance_type} is {found}, not {these.architecture}", remedy)


def volume_problems(these: Volumes) -> Iterator[Problem]:
    """Problems with the data volumes, beside those with their size for the database."""
    if these.size_bytes % GIB or not 0 < these.size_bytes <= LARGEST_BYTES:
        reason = f"{these.size_bytes} bytes are not a whole number of GiB up to {LARGEST_BYTES // GIB}"
        yield Problem("volume.sizeBytes", reason, f"declare a multiple of {GIB}")
    for path, value, (least, most) in (
        ("iops", these.iops, IOPS),
        ("throughputMibps", these.throughput, THROUGHPUT),
    ):
        if not least <= value <= most:
            yield Problem(f"volume.{path}", f"{value} is not between {least} and {most}, which gp3 offers")
    # Beyond what every gp3 volume includes, whatever its size.
    if IOPS[0] < these.iops <= IOPS[1] and these.iops > IOPS_PER_GIB * these.gib:
        reason = f"a volume of {these.gib} GiB has at most {IOPS_PER_GIB * these.gib}"
        yield Problem("volume.iops", reason, "enlarge the volume, or ask for less")
    if THROUGHPUT[0] < these.throughput <= THROUGHPUT[1] and these.throughput * IOPS_PER_MIBPS > these.iops:
        reason = f"{these.throughput} MiB/s need {these.throughput * IOPS_PER_MIBPS} I/O operations a second"
        yield Problem("volume.throughputMibps", reason, "raise volume.iops, or ask for less")
