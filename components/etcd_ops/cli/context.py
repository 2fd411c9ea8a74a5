"""Which cluster a command is about: the context file that a stack writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import Channel
from etcd_ops.cli.options import fail
from etcd_ops.etcd import Credentials
from etcd_ops.model.document import Tolerant
from etcd_ops.model.spec import describe

VARIABLE = "ETCD_OPS_CONTEXT"
"""Environment variable that names a context file."""


class ContextError(Exception):
    """No usable context; the message names the remedy."""


class ContextMember(Tolerant):
    zone: str
    client_url: str


class Context(Tolerant):
    """How to reach one cluster."""

    cluster: str
    channel: dict[str, Any]
    endpoints: tuple[str, ...]
    members: dict[str, ContextMember] = Field(default_factory=dict)
    ca: Path
    cert: Path
    key: Path

    def connect(self) -> Channel:
        """The cluster's channel."""
        return connect(self.channel)

    def credentials(self) -> Credentials:
        """The operator's client certificate.

        Raises:
            ContextError: its files are missing.
        """
        try:
            return Credentials(self.ca.read_bytes(), self.cert.read_bytes(), self.key.read_bytes())
        except OSError as problem:
            text = f"{problem.filename}: {problem.strerror}; run `pulumi up` to write it again"
            raise ContextError(text) from problem


def find(named: Path | None, start: Path) -> Context:
    """The context: the named file, the one the environment names, or the project's own.

    Args:
        named: of `--context`.
        start: the working directory; it and its parents are searched for `.state/*/context.json`.

    Raises:
        ContextError: there is none, more than one, or it cannot be read.
    """
    path = named or _from_environment() or _of_project(start)
    try:
        return Context.decode(path.read_bytes())
    except OSError as problem:
        raise ContextError(f"{path}: {problem.strerror}; run `pulumi up`, or name another with --context") from problem
    except ValidationError as problem:
        raise ContextError(f"{path}: {describe(problem)}") from problem


def _from_environment() -> Path | None:
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def _of_project(start: Path) -> Path:
    for folder in (start, *start.parents):
        found = sorted(folder.glob(".state/*/context.json"))
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(str(path) for path in found)
            raise ContextError(f"more than one cluster here: choose with --context ({names})")
    raise ContextError(f"no cluster found: run `make up` in the project, name a file with --context, or set {VARIABLE}")


def context_of(named: Path | None) -> Context:
    """The context, or a clear end with exit status 2."""
    try:
        return find(named, Path.cwd())
    except ContextError as problem:
        fail(str(problem), 2)
