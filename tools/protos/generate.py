"""Generates components/etcd_ops/etcd/rpc from etcd's published API module.

Run `python -m tools.protos.generate` from the repository's root after changing `SOURCE`; it needs Go (to
fetch and verify the module) and the development environment. With `--check` it writes nothing and fails where
the committed files differ. Generated code works with the protobuf it was made for and newer ones, never with
older ones, so this refuses to run with any protoc but that of the oldest supported protobuf.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grpc_tools import protoc

from tools.protos.strip import DIRECTORY, flat_name, strip


@dataclass(frozen=True, slots=True)
class Source:
    """A published Go module, its checksum as in a go.sum, and the .proto files wanted of it."""

    module: str
    version: str
    checksum: str
    files: tuple[str, ...]


# The newest supported minor: its messages hold every field of the older ones.
SOURCE = Source(
    module="go.etcd.io/etcd/api/v3",
    version="v3.7.2",
    checksum="h1:xgt/6el1LsPWWYNLkhMAK4tZm6dF+1sCqDecpE5gdbk=",
    files=("mvccpb/kv.proto", "authpb/auth.proto", "etcdserverpb/rpc.proto"),
)
# The lower bound of protobuf in components/pyproject.toml.
PROTOBUF = "5.29.0"
TARGET = Path(__file__).parent.parent.parent / "components" / DIRECTORY


def fetch(source: Source) -> Path:
    """The folder of the source's module, its checksum verified.

    Raises:
        ValueError: the module's content is not the recorded one.
    """
    name = f"{source.module}@{source.version}"
    done = subprocess.run(["go", "mod", "download", "-json", name], check=True, capture_output=True, text=True)
    module = json.loads(done.stdout)
    if module["Sum"] != source.checksum:
        raise ValueError(f"{name} has checksum {module['Sum']}, recorded is {source.checksum}")
    return Path(module["Dir"])


def generate(module: Path, files: tuple[str, ...], work: Path) -> dict[str, str]:
    """The generated files by name, made in `work`.

    Raises:
        RuntimeError: protoc fails, or makes code for another protobuf than `PROTOBUF`.
    """
    protos = []
    for path in files:
        proto = work / DIRECTORY / flat_name(path)
        proto.parent.mkdir(parents=True, exist_ok=True)
        proto.write_text(strip((module / path).read_text()))
        protos.append(str(proto))
    status = protoc.main(["protoc", f"-I{work}", f"--python_out={work}", f"--pyi_out={work}", *protos])
    if status:
        raise RuntimeError(f"protoc failed with status {status}")
    made = sorted((work / DIRECTORY).glob("*_pb2.py*"))
    texts = {file.name: _typed(file.read_text()) for file in made}
    versions = set(re.findall(r"# Protobuf Python Version: (.+)", "".join(texts.values())))
    if versions != {PROTOBUF}:
        raise RuntimeError(f"this protoc is for protobuf {versions}, not {PROTOBUF}: use grpcio-tools 1.71")
    return texts


def main() -> int:
    """Generate or check; returns the exit status."""
    parser = argparse.ArgumentParser(description="Generate etcd's messages for Python.")
    parser.add_argument("--check", action="store_true", help="fail where files differ; write nothing")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as work:
        made = generate(fetch(SOURCE), SOURCE.files, Path(work))
    differing = [name for name, text in made.items() if not _same(TARGET / name, text)]
    if check:
        print("\n".join(f"{name} is not what {SOURCE.version} gives" for name in differing) or "up to date")
        return bool(differing)
    for name in differing:
        (TARGET / name).write_text(made[name])
        print(f"wrote {name}")
    return 0


def _typed(text: str) -> str:
    """With the type arguments that protoc leaves out and strict type checkers miss."""
    return re.sub(r"(_Union\[[\w.]+, _Mapping)\]", r"\1[str, object]]", text)


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
