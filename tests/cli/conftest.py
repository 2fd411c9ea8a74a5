"""A cluster that only has a channel: what operators do to it needs no member."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etcd_ops.cli.commands import application

Ops = Callable[..., Any]


def write_context(path: Path, channel: Path) -> Path:
    """A context file for a channel in this directory."""
    values = {
        "cluster": "demo",
        "channel": {"kind": "directory", "directory": str(channel)},
        "endpoints": ["https://127.47.0.1:2379", "https://127.47.0.2:2379"],
        "ca": "/keys/ca.pem",
        "cert": "/keys/cert.pem",
        "key": "/keys/a key.pem",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))
    return path


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """The channel's directory."""
    directory = tmp_path / "channel"
    directory.mkdir()
    return directory


@pytest.fixture
def context(tmp_path: Path, channel: Path) -> Path:
    """The context file."""
    return write_context(tmp_path / "context.json", channel)


@pytest.fixture
def ops(context: Path) -> Ops:
    """Run `etcd-ops` on the cluster."""

    def run(*words: str, expect: int = 0) -> Any:
        done = CliRunner().invoke(application(), [*words, "--context", str(context)])
        assert done.exit_code == expect, f"{words}: {done.exit_code}\n{done.output}"
        return done

    return run
