"""What names of instance types tell, against what AWS says of every type."""

from __future__ import annotations

from typing import Any

import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPES

from etcd_ops.model.instance_types import is_standard, vcpus

BURSTABLE_OF_OLD = ("t1.", "t2.")
ON_NITRO: dict[str, Any] = {name: each for name, each in INSTANCE_TYPES.items() if each.get("Hypervisor") == "nitro"}
"""As recorded with `describe-instance-types`; machines of bare metal have no hypervisor."""


def processors(name: str) -> int:
    found: int = INSTANCE_TYPES[name]["VCpuInfo"]["DefaultVCpus"]
    return found


def test_every_standard_type_on_nitro_has_the_processors_that_its_name_tells() -> None:
    standard = [name for name in ON_NITRO if is_standard(name)]
    assert len(standard) > 700
    assert {name: vcpus(name) for name in standard} == {name: processors(name) for name in standard}


def test_so_have_the_burstable_types_of_old() -> None:
    old = [name for name in INSTANCE_TYPES if name.startswith(BURSTABLE_OF_OLD)]
    assert {name: vcpus(name) for name in old} == {name: processors(name) for name in old}


def test_bare_metal_tells_its_processors_where_its_name_has_a_size() -> None:
    sized = [name for name in INSTANCE_TYPES if ".metal-" in name and is_standard(name)]
    assert len(sized) > 50
    assert {name: vcpus(name) for name in sized} == {name: processors(name) for name in sized}


@pytest.mark.parametrize("name", ["m7g.metal", "m7g", "large", "", "m7g.lage", "m7g.large "])
def test_what_does_not_tell(name: str) -> None:
    assert vcpus(name) is None


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("m7g.large", True), ("c7gn.medium", True), ("t4g.small", True), ("im4gn.large", True), ("is4gen.large", True),
        ("z1d.large", True), ("a1.large", True), ("m7i-flex.large", True), ("m7g.metal", True),
        ("g5.xlarge", False), ("x2gd.medium", False), ("u7i-12tb.224xlarge", False), ("inf2.xlarge", False),
        ("trn1.2xlarge", False), ("dl1.24xlarge", False), ("hpc7a.12xlarge", False), ("mac2-m2.metal", False),
        ("", False), ("7g.large", False),
    ],
)  # fmt: skip
def test_which_types_are_standard(name: str, counts: bool) -> None:
    assert is_standard(name) == counts
