"""What LocalContext does: files from which tools on this machine know how to reach the cluster."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from etcd_ops.volume.durable import make_directory, write_file
from pulumi_etcd.provider.fixed import moved, unknown
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live
from pulumi_etcd.provider.tidy import remove_if_empty
from pulumi_etcd.provider.values import Properties

CONTEXT = "context.json"
OPERATOR = "operator"
_IDENTITY = ("directory",)
_KNOWN = (*_IDENTITY, "cluster", "channel", "endpoints", "members")


class LocalContexts:
    """The files hold an operator's keys: readable by their owner only."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Judge the directory."""
        remedy = "destroy the cluster first (its volumes can be kept)"
        problems = unknown(call.inputs, _KNOWN) or moved(call.old, call.inputs, _IDENTITY, remedy)
        return Checked(call.inputs, problems)

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether the files are there, and say what they should."""
        if any(_differs(path, text) for path, text in _known_files(call.state).items()):
            return {"path": "the context's files were changed or are missing: they will be written again"}
        return {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Write the files."""
        path = str(Path(call.inputs["directory"], CONTEXT))
        if not call.preview:
            await asyncio.to_thread(_write, call.inputs)
        return path, call.inputs | {"path": path}

    async def read(self, call: Call) -> Live | None:
        """The context as it is."""
        if not call.inputs:
            raise Failed("a LocalContext holds keys that nobody gives back: it cannot be imported")
        return Live(call.id, call.inputs, call.state) if _is_there(call.id) else None

    async def update(self, call: Call) -> Properties:
        """Write the files again."""
        if not call.preview:
            await asyncio.to_thread(_write, call.inputs)
        return call.inputs | {"path": call.id}

    async def delete(self, call: Call) -> None:
        """Delete the files, and the cluster's directory where nothing else is left in it."""
        await asyncio.to_thread(_delete, Path(call.id))


def _is_there(path: str) -> bool:
    return Path(path).is_file()


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
    operator = path.parent / OPERATOR
    if operator.is_dir():
        shutil.rmtree(operator)
    remove_if_empty(path.parent)


def _files(inputs: Properties) -> dict[Path, str]:
    """Content by path; the context itself comes last, so that what it names is there."""
    root = Path(inputs["directory"])
    folder = root / OPERATOR
    context = {
        "cluster": inputs["cluster"],
        "channel": inputs["channel"],
        "endpoints": inputs["endpoints"],
        "members": inputs["members"],
        "ca": str(folder / "ca.pem"),
        "cert": str(folder / "cert.pem"),
        "key": str(folder / "key.pem"),
        "metricsCa": str(folder / "metrics-ca.pem"),
        "metricsCert": str(folder / "metrics-cert.pem"),
        "metricsKey": str(folder / "metrics-key.pem"),
    }
    return {
        folder / "ca.pem": inputs["clientAuthorities"],
        folder / "cert.pem": inputs["client"]["certPem"],
        folder / "key.pem": inputs["client"]["keyPem"],
        folder / "metrics-ca.pem": inputs["metricsAuthorities"],
        folder / "metrics-cert.pem": inputs["metrics"]["certPem"],
        folder / "metrics-key.pem": inputs["metrics"]["keyPem"],
        root / CONTEXT: json.dumps(context, indent=1, sort_keys=True) + "\n",
    }


def _known_files(state: Properties) -> dict[Path, str]:
    return _files(state) if "clientAuthorities" in state else {}


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text() != text


def _write(inputs: Properties) -> None:
    make_directory(Path(inputs["directory"]))
    for path, text in _files(inputs).items():
        make_directory(path.parent)
        write_file(path, text.encode())
