"""The engine of this clone: `pulumi` with language host and plugins in private folders, and its environment."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.programs import etcd
from etcd_ops.programs.cache import Cache, locked
from etcd_ops.programs.progress import ObtainError, run, say
from tools import ROOT, pulumi_cli, python_environment

PRIVATE = ROOT / ".tools"
"""What belongs to the clone but is no state of a stack."""

BIN = PRIVATE / "bin"
HOME = PRIVATE / "pulumi-home"

STANDINS = ROOT / "tools" / "standins"

PLUGINS = ("tls", "kubernetes", "aws")
"""Those that the installed SDKs ask for and no package registry carries."""

PASSPHRASE = "pulumi-etcd-local"  # noqa: S105 (public on purpose)
"""Encrypts the secrets of stacks whose state is a folder of this clone; stacks/Pulumi.local.yaml holds its salt.

Public on purpose: the state lies beside the keys of the very cluster that it describes, both readable by their owner
only. A stack that is more than a toy brings its own backend and secrets provider.
"""


@dataclass(frozen=True)
class Engine:
    """A usable engine."""

    pulumi: Path
    etcd: Path
    """The folder with the default version's programs."""
    official: bool
    """Whether `pulumi` is the official release, with its own language hosts."""

    def environment(self, backend: Path, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The variables with which `pulumi` runs.

        Args:
            backend: the folder that holds the stacks' state.
            base: the environment to extend; this process's own if None.
        """
        inherited = dict(os.environ if base is None else base)
        return {**inherited, **self.variables(backend, inherited.get("PATH", os.defpath))}

    def variables(self, backend: Path, path: str) -> dict[str, str]:
        """Only the variables that `pulumi`, `etcdctl` and `etcd-ops` need, with PATH extended from `path`."""
        ours = [str(folder) for folder in (python_environment.FOLDER / "bin", self.pulumi.parent, self.etcd)]
        others = [folder for folder in path.split(os.pathsep) if folder not in ours]
        return {
            "PATH": os.pathsep.join([*ours, *others]),
            "PULUMI_HOME": str(HOME),
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }


def prepare(cache: Cache) -> Engine:
    """Obtains the engine, puts language host and plugins in their places, and tells where they are.

    The clone's Python environment has to be there. Quick when nothing has to be done.

    Raises:
        ObtainError: a part could not be obtained.
    """
    found = pulumi_cli.obtain(cache)
    with locked(PRIVATE / "lock", "preparing the engine"):
        pulumi = found.folder / "pulumi" if found.official else _assemble(found.folder / "pulumi")
        for name in PLUGINS:
            _install(pulumi, name, official=found.official)
    return Engine(pulumi, etcd.obtain(etcd.DEFAULT, cache), found.official)


def _assemble(built: Path) -> Path:
    """Puts the command and the stand-ins into one folder, where it finds them without a warning.

    The marker tells which build is there.
    """
    BIN.mkdir(parents=True, exist_ok=True)
    pulumi, marker = BIN / "pulumi", BIN / pulumi_cli.STANDINS_MARKER
    if not pulumi.exists() or not marker.exists() or marker.read_text() != str(built):
        marker.write_text("")
        _link(built, pulumi)
        marker.write_text(str(built))
    _write_program(BIN / pulumi_cli.LANGUAGE_HOST, launcher("language-host"))
    dynamic = "pulumi-resource-pulumi-python"
    _write_program(BIN / dynamic, (STANDINS / dynamic).read_text())
    return pulumi


def _link(source: Path, target: Path) -> None:
    """A hard link, for the command looks for its neighbours where its file really is; a copy on another disk."""
    beside = target.with_name(f"{target.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    try:
        os.link(source, beside)
    except OSError:
        shutil.copy2(source, beside)
    beside.replace(target)


def launcher(name: str) -> str:
    """The text of a program that starts a stand-in with the clone's own Python."""
    words = [python_environment.FOLDER / "bin" / "python", STANDINS / "launch.py", name]
    return f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n'


def _write_program(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.chmod(0o755)
    beside.replace(path)


def plugin_version(name: str) -> str:
    """The version of a plugin that the installed SDK asks for."""
    found = sorted(python_environment.FOLDER.glob(f"lib/python*/site-packages/pulumi_{name}/pulumi-plugin.json"))
    if not found:
        raise ObtainError(f"the package pulumi-{name} is not installed in .venv: run `make setup`")
    version: str = json.loads(found[0].read_text())["version"]
    return version


def _install(pulumi: Path, name: str, *, official: bool) -> None:
    """Puts a plugin into its place: the official one if it can be had, else the stand-in."""
    version = plugin_version(name)
    program = HOME / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
    if official and (_is_official(program) or _install_official(pulumi, name, version)):
        return
    text = launcher(name)
    if program.exists() and program.read_bytes() == text.encode():
        return
    say(f"installing the stand-in of the plugin {name} {version}")
    script = PRIVATE / f"pulumi-resource-{name}"
    _write_program(script, text)
    run(
        [pulumi, "plugin", "install", "resource", name, version, "--file", script, "--reinstall"],
        f"installing the plugin {name}",
        environment={**os.environ, "PULUMI_HOME": str(HOME), "PULUMI_SKIP_UPDATE_CHECK": "true"},
    )


def _is_official(program: Path) -> bool:
    return program.exists() and program.read_bytes()[:2] != b"#!"


def _install_official(pulumi: Path, name: str, version: str) -> bool:
    """Whether Pulumi's own installation of a plugin succeeded."""
    environment = {**os.environ, "PULUMI_HOME": str(HOME), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    command: list[str | Path] = [pulumi, "plugin", "install", "resource", name, version, "--reinstall"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"the official plugin {name} {version} cannot be had: {done.stderr.strip()}")
    return done.returncode == 0
