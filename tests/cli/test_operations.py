"""docs/operations.md covers every command with its options, every state, and every reason of the gate."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from etcd_ops.cli.commands import application
from etcd_ops.model.gate import Code
from etcd_ops.model.status import State

OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
EVERYWHERE = {"--context", "--help"}
"""Options of every command, told once."""


def commands(command: Any, words: tuple[str, ...] = ("etcd-ops",)) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for name, each in command.commands.items():
        yield from commands(each, (*words, name))


ALL = dict(commands(typer.main.get_command(application())))


def rows(first: str) -> list[str]:
    return [line for line in OPERATIONS.splitlines() if line.startswith(f"| `{first}")]


@pytest.mark.parametrize("words", ALL)
def test_every_command_has_a_row_with_its_options(words: str) -> None:
    found = [each for each in rows(words) if each[len(f"| `{words}")] in " `"]
    assert found
    options = {option for each in ALL[words].params for option in each.opts if option.startswith("--")}
    assert {option for option in options - EVERYWHERE for row in found if option not in row} == set()


def test_every_row_is_a_command() -> None:
    told = [row.split("`")[1].split(" [")[0].split(" --")[0] for row in rows("etcd-ops ")]
    assert {" ".join(word for word in each.split() if not word.isupper()) for each in told} <= {
        *ALL, "etcd-ops approve replace", "etcd-ops approve volume",
    }  # fmt: skip


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_row(state: State) -> None:
    assert len(rows(state.value)) == 1


@pytest.mark.parametrize("code", Code)
def test_every_reason_of_the_gate_has_a_row(code: Code) -> None:
    assert len(rows(code.value)) == 1


def test_the_version_is_told_alone() -> None:
    told = CliRunner().invoke(application("--version"), ["--version"])
    assert (told.exit_code, told.stdout) == (0, f"{version('etcd-ops')}\n")
