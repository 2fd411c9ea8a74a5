"""Which cluster a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from etcd_ops.cli.commands import application
from etcd_ops.cli.context import VARIABLE, ContextError, find
from tests.cli.conftest import Ops, write_context


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_the_projects_own_is_found_from_anywhere_inside(tmp_path: Path) -> None:
    write_context(tmp_path / ".state" / "local" / "context.json", tmp_path)
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    assert find(None, inside).cluster == "demo"


def test_the_option_comes_before_the_variable_and_the_variable_before_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {name: tmp_path / name for name in ("project", "variable", "option")}
    write_context(tmp_path / ".state" / "local" / "context.json", places["project"])
    variable = write_context(tmp_path / "variable.json", places["variable"])
    option = write_context(tmp_path / "option.json", places["option"])
    monkeypatch.setenv(VARIABLE, str(variable))
    assert find(option, tmp_path).channel["directory"] == str(places["option"])
    assert find(None, tmp_path).channel["directory"] == str(places["variable"])
    monkeypatch.delenv(VARIABLE)
    assert find(None, tmp_path).channel["directory"] == str(places["project"])


def test_of_several_none_is_guessed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_context(tmp_path / ".state" / name / "context.json", tmp_path)
    with pytest.raises(ContextError, match=r"more than one cluster here: choose with --context .*/one/.*/two/"):
        find(None, tmp_path)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "run `pulumi up`, or name another"), ("{}", "cluster"), ("no JSON", "JSON")]
)
def test_what_cannot_be_used_is_told(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "context.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ContextError, match=said):
        find(path, tmp_path)


@pytest.mark.parametrize("command", ["status", "gate", "members", "env", "log", "pause", "recover plan"])
def test_without_a_context_every_command_ends_with_2(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(application(), command.split())
    assert done.exit_code == 2
    assert "no cluster found" in done.output


def test_env_prints_what_etcdctl_reads(ops: Ops) -> None:
    assert ops("env").stdout.splitlines() == [
        "export ETCDCTL_ENDPOINTS=https://127.47.0.1:2379,https://127.47.0.2:2379",
        "export ETCDCTL_CACERT=/keys/ca.pem",
        "export ETCDCTL_CERT=/keys/cert.pem",
        "export ETCDCTL_KEY='/keys/a key.pem'",
    ]
