"""What a release consists of.

Two wheels, archives of the plugin `etcd` for every other language of Pulumi, and what members on machines fetch.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from etcd_ops.programs import etcd
from etcd_ops.programs.cache import Cache, machine
from etcd_ops.programs.progress import ObtainError, run
from tools import ROOT, python_environment

PLATFORMS = ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64")
"""Those that Pulumi asks for by these names. The archive is the same for each: it holds no compiled program."""
EXTRAS = "aws,kubernetes"
"""The plugin serves every platform's components."""
SETTINGS = "runtime: python\n"
ENTRY = '"""The entry of the provider plugin `etcd`."""\n\nfrom pulumi_etcd.provider.server import main\n\nmain()\n'


def release(into: Path) -> None:
    """Write `wheels/` and `plugins/` into a folder.

    Raises:
        ObtainError: something could not be built.
    """
    wheels = build_wheels(into / "wheels")
    plugins = into / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    content, version = archive(wheels), _version(wheels["pulumi_etcd"])
    for platform in PLATFORMS:
        (plugins / f"pulumi-resource-etcd-v{version}-{platform}.tar.gz").write_bytes(content)


def artifacts(into: Path) -> None:
    """Write what members on machines of this one's architecture fetch: the agent's archive, and every pinned etcd.

    Raises:
        ObtainError: something could not be made from this machine.
    """
    into = into.resolve()
    into.mkdir(parents=True, exist_ok=True)
    _agent_archive(into / f"etcd-ops-{machine()}.tar.gz")
    for version in etcd.versions():
        shutil.copy(etcd.obtain(version) / "etcd", into / f"etcd-v{version}-{machine()}")


def _agent_archive(path: Path) -> None:
    """Made by the clone's own environment, of what that holds."""
    python_environment.sync(Cache.of_user())
    command: list[str | Path] = [python_environment.FOLDER / "bin" / "python", "-m", "tools.agent_archive", path]
    run(command, "making the agent's archive", folder=ROOT)


def build_wheels(into: Path) -> dict[str, Path]:
    """The wheels by distribution, built from the clone."""
    uv = python_environment.uv(Cache.of_user())
    run([uv, "build", "--quiet", "--wheel", "--all-packages", "--out-dir", into], "building the wheels", folder=ROOT)
    found = {path.name.partition("-")[0]: path for path in into.glob("*.whl")}
    if found.keys() != {"etcd_ops", "pulumi_etcd"}:
        raise ObtainError(f"two wheels were to be built into an empty folder, and there are {sorted(found)}")
    return found


def archive(wheels: Mapping[str, Path]) -> bytes:
    """A plugin that Pulumi installs into an environment of its own. Equal wheels give equal bytes.

    Args:
        wheels: by distribution.
    """
    operate, declare = wheels["etcd_ops"], wheels["pulumi_etcd"]
    requirements = f"./{operate.name}[s3,kubernetes]\n./{declare.name}[{EXTRAS}]\n"
    texts = {"PulumiPlugin.yaml": SETTINGS, "__main__.py": ENTRY, "requirements.txt": requirements}
    files = {name: text.encode() for name, text in texts.items()}
    files |= {wheel.name: wheel.read_bytes() for wheel in (operate, declare)}
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(written.getvalue(), mtime=0)


def _version(wheel: Path) -> str:
    return wheel.name.split("-")[1]
