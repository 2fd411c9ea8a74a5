"""The tables of keys and gates against the real programs.

etcd ignores unknown keys, but fails on a known key with a value of the wrong type, naming the type it wanted.
A list of lists is wrong for every key, so that one start tells whether a key is known, and its type.
"""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from etcd_ops.model.versions import Line, Version, gates, options
from etcd_ops.model.versions_data import Kind

pytestmark = pytest.mark.etcd

WRONG = [[1]]
GO_TYPES = {
    Kind.BOOLEAN: {"bool"},
    Kind.INTEGER: {"int", "int64"},
    Kind.UNSIGNED: {"uint", "uint32", "uint64"},
    Kind.DURATION: {"time.Duration"},
    Kind.STRING: {"string", "config.V2DeprecationEnum"},
    Kind.URLS: {"string"},
    Kind.STRINGS: {"string"},
    Kind.OBJECT: {"embed.securityConfig", "transport.SocketOpts", "v3discovery.DiscoveryConfig"},
}
NO_SUCH_STATE = {"initial-cluster-state": "neither"}
"""A value that every etcd refuses last, so that none of these starts gets further."""


def refusal(program: Path, folder: Path, configuration: dict[str, object]) -> str:
    """Why etcd refuses a configuration file."""
    file = folder / f"{abs(hash(json.dumps(configuration)))}.yaml"
    file.write_text(json.dumps(configuration | {"data-dir": str(folder / "data")}))
    done = subprocess.run(
        [program, "--config-file", file], capture_output=True, text=True, timeout=30, check=False, cwd=folder
    )
    assert done.returncode != 0
    return done.stdout + done.stderr


def wanted_type(answer: str) -> str | None:
    """The Go type etcd wanted, from its refusal of a value; None where it did not look at the value."""
    found = re.search(r"cannot unmarshal array into Go (?:struct field \S+|value) of type ([\w.\[\]]+)", answer)
    return found[1] if found else None


def test_every_key_is_known_with_its_type(program: Path, version: Version, tmp_path: Path) -> None:
    known = options(version.line)

    def probe(name: str) -> tuple[str, str | None]:
        return name, wanted_type(refusal(program, tmp_path, {name: WRONG}))

    with ThreadPoolExecutor(2) as pool:
        found = dict(pool.map(probe, sorted(set(known) - {"data-dir"})))
    wrong = {name: kind for name, kind in found.items() if kind not in GO_TYPES[known[name].kind]}
    assert not wrong


def test_no_other_key_is_known(program: Path, version: Version, tmp_path: Path) -> None:
    """Every JSON name in the program that is not in the table, all at once: none is a key of the file."""
    names = {name.decode() for name in re.findall(rb'json:"([a-z0-9][a-z0-9-]*)[",]', program.read_bytes())}
    assert {"snapshot-count", "peer-transport-security"} <= names
    # An embedding program's gRPC options: an interface, which no configuration file can give.
    others = sorted(names - set(options(version.line)) - {"grpc-additional-server-options"})
    assert len(others) > 100
    answer = refusal(program, tmp_path, {**dict.fromkeys(others, WRONG), **NO_SUCH_STATE})
    assert wanted_type(answer) is None
    assert 'unexpected clusterState \\"neither\\"' in answer


def test_the_probe_sees_a_forgotten_key(program: Path, version: Version, tmp_path: Path) -> None:
    answer = refusal(program, tmp_path, {"no-such-key": WRONG, "snapshot-count": WRONG, **NO_SUCH_STATE})
    assert wanted_type(answer) == "uint64"


def test_every_gate_is_known(program: Path, version: Version, tmp_path: Path) -> None:
    if not gates(version.line):
        answer = refusal(program, tmp_path, {"feature-gates": WRONG, **NO_SUCH_STATE})
        assert wanted_type(answer) is None
        return
    names = ",".join(f"{name}={str(gate.default).lower()}" for name, gate in gates(version.line).items())
    assert "neither" in refusal(program, tmp_path, {"feature-gates": names, **NO_SUCH_STATE})
    answer = refusal(program, tmp_path, {"feature-gates": "NoSuchGate=true", **NO_SUCH_STATE})
    assert "unrecognized feature gate: NoSuchGate" in answer


def test_gates_are_complete(program: Path, version: Version, tmp_path: Path) -> None:
    """`etcd --help` lists the gates with their defaults."""
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30, check=False)
    listed = dict(
        re.findall(r"^\s*(?:--feature-gates.*?)?(\w+)=true\|false \(\w+ - default=(\w+)\)", done.stdout, re.MULTILINE)
    )
    declared = {name: str(gate.default).lower() for name, gate in gates(version.line).items()}
    assert listed == declared


def test_choices_are_those_that_etcd_accepts(program: Path, version: Version, tmp_path: Path) -> None:
    for name, other in (("auto-compaction-mode", "sometimes"), ("logger", "capnslog"), ("log-level", "loud")):
        assert other not in options(version.line)[name].choices
        assert other in refusal(program, tmp_path, {name: other})


def test_the_lines_differ() -> None:
    keys = {minor: set(options(Line(3, minor))) for minor in (5, 6, 7)}
    assert "max-learners" in keys[6] - keys[5]
    assert "enable-v2" in keys[5] - keys[6]
    assert keys[6] - keys[7] == {name for name in keys[6] if name.startswith(("experimental-", "discovery-proxy"))} | {
        "discovery"
    }
    assert not keys[7] - keys[6]
