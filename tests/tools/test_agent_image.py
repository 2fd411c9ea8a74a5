"""The agent's image: what is in it, and what it is made from. That it runs is tested on nodes."""

from __future__ import annotations

import importlib.util
import re
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from etcd_ops.programs.cache import Cache
from tools import ROOT, agent_image, bytecode, distributions, python_runtime
from tools.oci_image import Entries, File, Link

EXTRAS = ("kubernetes", "s3")
SMALL = 180 * 10**6
"""Bytes of all layers, not compressed: Python, the clients of Kubernetes and AWS, and the agent."""


@pytest.fixture(scope="module")
def runtime() -> Entries:
    return python_runtime.runtime()


@pytest.fixture(scope="module")
def requirements() -> Entries:
    return distributions.files(distributions.closure("etcd-ops", EXTRAS))


def locked() -> dict[str, set[str]]:
    """The versions in uv.lock, by name."""
    text = (ROOT / "uv.lock").read_text()
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r'^\[\[package\]\]\nname = "(.+)"\nversion = "(.+)"', text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_python_is_there_with_the_loader_and_libraries_it_needs(runtime: Entries) -> None:
    program = runtime[python_runtime.PROGRAM]
    assert isinstance(program, Link)
    assert f"/usr/local/bin/{program.target}" in runtime
    assert f"{python_runtime.LIBRARY}/os.py" in runtime
    names = {Path(path).name for path in runtime}
    assert {"libc.so.6", "libm.so.6"} < names
    assert any(name.startswith("ld-linux") for name in names)


@pytest.mark.timeout(300)
def test_it_is_small_and_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    layers = agent_image.layers(Cache(tmp_path))
    assert sum(map(len, layers)) < SMALL
    assert layers == agent_image.layers()


def test_what_no_agent_runs_is_left_out(runtime: Entries, requirements: Entries) -> None:
    both = [*runtime, *requirements]
    unwanted = ("/test/", "/tests/", "/idlelib/", "/tkinter/", "/__pycache__/", "/ensurepip/", ".pth", "RECORD")
    assert [path for path in both if any(word in path for word in unwanted)] == []
    assert len([path for path in requirements if "/botocore/data/" in path]) < 40


def test_requirements_are_those_of_the_lock_and_no_others() -> None:
    found = {each.metadata["Name"].lower().replace("_", "-"): each.version for each in closure()}
    assert {"grpcio", "lightkube", "boto3", "botocore", "cryptography", "supervisor", "typing-extensions"} < set(found)
    assert not {"pulumi", "pytest", "setuptools", "moto", "etcd-ops"} & set(found)
    assert {name: version for name, version in found.items() if version not in locked()[name]} == {}


def test_extras_are_asked_for() -> None:
    names = {each.metadata["Name"] for each in distributions.closure("etcd-ops")}
    assert "grpcio" in names
    assert not {"lightkube", "boto3"} & names


def test_bytecode_is_the_same_each_time_and_not_compared_with_its_source(tmp_path: Path) -> None:
    source = ROOT / "components" / "etcd_ops" / "model" / "__init__.py"
    broken = tmp_path / "broken.py"
    broken.write_text("print 1\n")
    layer = {"/lib/one.py": File(source), "/lib/broken.py": File(broken), "/lib/note.txt": File(b"")}
    made = [bytecode.compiled(layer, tmp_path / name) for name in ("first", "second-with-a-longer-name")]
    path = f"/lib/__pycache__/one.{sys.implementation.cache_tag}.pyc"
    assert [list(each) for each in made] == [[path], [path]]
    first, second = (each[path].read() for each in made)
    assert first == second
    assert first.startswith(importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little"))
    assert b"/lib/one.py" in first


def closure() -> list[Distribution]:
    return distributions.closure("etcd-ops", EXTRAS)
