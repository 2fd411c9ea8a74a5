"""Clusters declared in TypeScript: `examples/typescript`, type-checked with the generated SDK, and previewed.

The SDK is what Pulumi's own generator makes of the provider's schema. Programs are inline ones of the Automation API.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.programs.cache import Cache
from tests.engine.examples import ENDPOINTS, FOLDER, filled
from tests.engine.stacks import PLUGIN
from tests.provider.test_schema import schema
from tools import pulumi_cli, typescript
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

OURS = Path(__file__).with_name("typescript")
PACKAGE = "@etcd-ops/etcd"
OPTIONS = {
    "target": "ES2022",
    "module": "nodenext",
    "moduleResolution": "nodenext",
    "types": ["node"],
    "strict": True,
    "noImplicitReturns": True,
    "skipLibCheck": True,
    "noEmitOnError": True,
    "rootDir": ".",
    "outDir": "bin",
    "paths": {PACKAGE: ["./sdk/index.ts"]},
}
TIMEOUT = 500.0
"""Seconds for one program: that which previews does so for all of them."""


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and output of a program, or what it complains of."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, done.stdout or done.stderr


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `bin` has the programs, the SDK, and what runs them."""
    if missing := typescript.missing():
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(typescript.obtain(Cache.of_user()))
    write_sdk(folder / "sdk")
    for program in (FOLDER / "typescript").glob("*.ts"):
        (folder / program.name).write_text(filled(program.read_text(), folder))
    for program in OURS.glob("*.ts"):
        shutil.copyfile(program, folder / program.name)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "include": ["*.ts"]}))
    status, told = run(["node", "node_modules/typescript/bin/tsc"], folder)
    assert (status, told) == (0, "")
    place = folder / "bin" / "node_modules" / PACKAGE
    place.parent.mkdir(parents=True)
    place.symlink_to(folder / "bin" / "sdk")
    shutil.copyfile(folder / "sdk" / "package.json", folder / "bin" / "sdk" / "package.json")
    return folder


def write_sdk(folder: Path) -> None:
    """The SDK for Node.js. The schema refers to no other package, so that its loader is never asked."""
    command = [str(pulumi_cli.codegen(Cache.of_user())), "nodejs", str(folder), "127.0.0.1:1"]
    subprocess.run(command, input=json.dumps(schema()), text=True, timeout=TIMEOUT, check=True)


@pytest.fixture(scope="module")
def previews(engine: Engine, compiled: Path) -> dict[str, Any]:
    """What every program's preview came to, by its name; nothing is ever brought up."""
    project, state = compiled / "project", compiled / "state"
    project.mkdir()
    state.mkdir()
    (project / "Pulumi.yaml").write_text(f"name: orders\nruntime: nodejs\n{PLUGIN}")
    programs = {name: str(compiled / "bin" / f"{name}.js") for name in (*ENDPOINTS, "refused")}
    command = ["node", str(compiled / "bin" / "inline.js"), "project", *programs.values()]
    status, told = run(command, compiled, engine.environment(state))
    assert status == 0, told
    found = json.loads(told)
    return {name: found[program] for name, program in programs.items()}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_program_is_previewed(previews: dict[str, Any], name: str) -> None:
    assert previews[name]["succeeded"], previews[name]["told"]
    assert re.findall(r'^ +\[\d\]: "(\S+)"$', previews[name]["told"], re.MULTILINE) == ENDPOINTS[name]


def test_a_preview_names_the_wrong_property(previews: dict[str, Any]) -> None:
    assert not previews["refused"]["succeeded"]
    assert "size: 4 members tolerate no more failures than 3" in previews["refused"]["told"]
    assert "mode: 'asleep' is none of active, paused, observe-only" in previews["refused"]["told"]
