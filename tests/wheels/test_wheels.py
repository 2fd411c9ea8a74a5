"""What somebody has who installed the wheels, and has no clone: components, provider, policy pack, agent, commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from etcd_ops.programs.cache import Cache
from tools import ROOT, python_environment
from tools import engine as engines

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(420), pytest.mark.xdist_group("wheels")]

DISTRIBUTIONS = (ROOT / "components", ROOT)
PROJECT = """\
name: wheels
runtime: {name: python, options: {virtualenv: venv}}
plugins:
  providers: [{name: etcd, path: venv/bin}]
"""


class Project:
    """A directory with a virtual environment of its own, and nothing of the clone on any path."""

    def __init__(self, directory: Path, engine: engines.Engine) -> None:
        self.directory = directory
        outside = os.pathsep.join(
            folder for folder in os.environ["PATH"].split(os.pathsep) if not folder.startswith(str(ROOT))
        )
        base = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        self.environment = {**engine.environment(directory / "state", {**base, "PATH": outside})}
        self.environment["PATH"] = os.pathsep.join([str(directory / "venv/bin"), str(engine.pulumi.parent), outside])
        self._pulumi = engine.pulumi

    def run(self, *words: str | Path, expect: int = 0) -> str:
        """Run a command in the project; its output."""
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def pulumi(self, *words: str, expect: int = 0) -> str:
        """Run `pulumi`."""
        return self.run(self._pulumi, *words, "--non-interactive", expect=expect)


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    """A project with the built wheels installed."""
    cache = Cache.of_user()
    engine, uv = engines.prepare(cache), python_environment.uv(cache)
    directory = Path(tempfile.mkdtemp(prefix="wheels-"))
    project = Project(directory, engine)
    (directory / "state").mkdir()
    for source in DISTRIBUTIONS:
        project.run(uv, "build", "--quiet", "--wheel", "--out-dir", directory / "dist", source)
    locked = directory / "locked.txt"
    locked.write_text(
        project.run(uv, "export", "--quiet", "--project", ROOT, "--frozen", "--no-emit-workspace", "--no-hashes")
    )
    project.run(uv, "venv", "--quiet", "--python", ROOT / ".venv/bin/python", "venv")
    wheels = sorted((directory / "dist").glob("*.whl"))
    project.run(uv, "pip", "install", "--quiet", "--python", "venv", "--constraint", locked, *wheels)
    (directory / "Pulumi.yaml").write_text(PROJECT)
    shutil.copy(Path(__file__).with_name("program.py"), directory / "__main__.py")
    project.pulumi("stack", "init", "wheels")
    yield project
    project.pulumi("destroy", "--yes", "--skip-preview")
    shutil.rmtree(directory)


def test_the_wheels_carry_everything(project: Project) -> None:
    """Including what is not Python: the provider's marker, and the licence."""
    listing = project.run("python", "-m", "zipfile", "-l", next((project.directory / "dist").glob("pulumi_etcd-*.whl")))
    assert "pulumi_etcd/pulumi-plugin.json" in listing
    assert "etcd_policies/" in listing
    assert "LICENSE" in listing


def test_a_program_of_fifteen_lines_brings_a_cluster_up_under_the_policy_pack(project: Project) -> None:
    assert len((project.directory / "__main__.py").read_text().splitlines()) <= 15
    project.run("etcd-policies", "write", "policies")
    project.pulumi("up", "--yes", "--skip-preview", "--policy-pack", "policies")
    context = json.loads(project.pulumi("stack", "output", "--json"))["context"]
    status = json.loads(project.run("etcd-ops", "status", "--json", "--context", context))
    assert status["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
    project.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    project.pulumi("policy", "analyze", "--stack", "wheels", "--policy-pack", "policies")
    Path(project.directory, "strict.json").write_text(json.dumps({"odd-member-count": {"minimum": 5}}))
    strict = ("--policy-pack", "policies", "--policy-pack-config", "strict.json")
    told = project.pulumi("policy", "analyze", "--stack", "wheels", *strict, expect=1)
    assert "odd-member-count" in told
