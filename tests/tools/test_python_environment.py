"""Which Python the environment is made of."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from tools.python_environment import interpreter

NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
THIS = Path(sys.executable).resolve()


def program(folder: Path, status: int) -> Path:
    """A Python that ends with this exit status, whatever it is asked to import."""
    made = folder / NAME
    made.write_text(f"#!/bin/sh\nexit {status}\n")
    made.chmod(0o755)
    return made


@pytest.fixture
def _compiled_in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": "'--prefix=/opt'"}.get)


@pytest.mark.usefixtures("_compiled_in_haste")
def test_the_systems_own_is_taken_where_this_one_is_not_optimised(tmp_path: Path) -> None:
    assert interpreter(tmp_path) == THIS
    assert program(tmp_path, 0) == interpreter(tmp_path)


@pytest.mark.usefixtures("_compiled_in_haste")
def test_one_that_lacks_modules_is_not_taken(tmp_path: Path) -> None:
    program(tmp_path, 1)
    assert interpreter(tmp_path) == THIS


def test_one_that_is_optimised_is_taken_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"CONFIG_ARGS": "'--enable-optimizations'"}.get)
    program(tmp_path, 0)
    assert interpreter(tmp_path) == THIS
