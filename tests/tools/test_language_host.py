"""The language host's stand-in, or the official one: programs, errors, cancellation, policies, plugins."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.tools.project import Project
from tools import python_environment

pytestmark = pytest.mark.engine

RUNTIME = f"runtime: {{name: python, options: {{virtualenv: {python_environment.FOLDER}}}}}\n"

WAITING = """
import time
import pulumi
from pathlib import Path
Path("running").touch()
time.sleep(60)
"""


def test_empty_program(project: Project) -> None:
    assert set(project.steps().values()) == {"create"}
    project.up()
    assert set(project.steps().values()) == {"same"}
    project.succeed("preview", "--diff", "--expect-no-changes")
    project.succeed("refresh", "--yes", "--expect-no-changes")
    assert str(python_environment.FOLDER) in project.succeed("about")
    project.succeed("destroy", "--yes")
    project.succeed("stack", "rm", "--yes")


def test_configuration_and_outputs(project: Project) -> None:
    project.write(
        """
        import pulumi
        config = pulumi.Config()
        pulumi.export("text", config.require("text"))
        pulumi.export("hidden", config.require_secret("hidden"))
        pulumi.export("where", [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])
        pulumi.export("preview", pulumi.runtime.is_dry_run())
        """
    )
    project.succeed("config", "set", "text", "plain")
    project.succeed("config", "set", "--secret", "hidden", "covered")
    project.up()
    where = ["probe", "test", "organization"]
    expected = {"text": "plain", "hidden": "[secret]", "where": where, "preview": False}
    assert project.outputs() == expected
    assert project.outputs(show_secrets=True)["hidden"] == "covered"


def test_a_program_imports_its_own_modules_and_not_the_runners(project: Project) -> None:
    (project.folder / "values.py").write_text("own = True\n")
    project.write("import values\nimport pulumi\npulumi.export('own', values.own)\n")
    project.up()
    assert project.outputs() == {"own": True}


def test_an_exception_shows_the_programs_own_traceback(project: Project) -> None:
    project.write("def cause():\n    raise KeyError('the cause')\n\ncause()\n")
    told = project.fail("preview")
    assert "KeyError: 'the cause'" in told
    assert "in cause" in told
    assert "run_program" not in told
    assert "runpy" not in told


def test_a_run_error_shows_only_its_message(project: Project) -> None:
    project.write("import pulumi\nraise pulumi.RunError('members: at least one is needed')\n")
    told = project.fail("preview")
    assert "members: at least one is needed" in told
    assert "Traceback" not in told


def test_a_missing_environment_is_told(project: Project) -> None:
    description = (project.folder / "Pulumi.yaml").read_text()
    changed = description.replace(str(python_environment.FOLDER), "no-such-environment")
    (project.folder / "Pulumi.yaml").write_text(changed)
    told = project.fail("preview")
    assert "no-such-environment" in told
    assert "pulumi install" in told


def started(project: Project) -> subprocess.Popen[bytes]:
    """A preview whose program is running."""
    project.write(WAITING)
    command = [str(project.pulumi), "preview", "--non-interactive"]
    running = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    wait_until((project.folder / "running").exists)
    return running


def wait_until(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about"
        time.sleep(0.05)


def test_an_interrupt_ends_the_program_at_once(project: Project) -> None:
    running = started(project)
    began = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode != 0
    assert time.monotonic() - began < 5
    wait_until(lambda: not left_behind(project))


def test_a_killed_engine_leaves_no_process(project: Project) -> None:
    running = started(project)
    assert left_behind(project)
    running.kill()
    running.communicate()
    wait_until(lambda: not left_behind(project))


def left_behind(project: Project) -> list[psutil.Process]:
    """The processes whose environment names this project's backend."""
    backend = project.environment["PULUMI_BACKEND_URL"]
    return [process for process in psutil.process_iter() if environment(process).get("PULUMI_BACKEND_URL") == backend]


def environment(process: psutil.Process) -> dict[str, str]:
    """The process's variables; none if it is gone, or another user's."""
    try:
        return process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return {}


POLICY = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def check(args, report):
    if args.resource_type == "tls:index/privateKey:PrivateKey" and args.props["algorithm"] != "ED25519":
        report("algorithm: use ED25519")

PolicyPack("probe", policies=[
    ResourceValidationPolicy("key", "Keys are ED25519.", check, EnforcementLevel.MANDATORY),
])
"""


def test_policy_pack(project: Project, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text(RUNTIME)
    (pack / "__main__.py").write_text(POLICY)
    project.write("import pulumi_tls as tls\ntls.PrivateKey('key', algorithm='RSA')\n")
    told = project.fail("up", "--yes", "--policy-pack", str(pack))
    assert "algorithm: use ED25519" in told
    project.write("import pulumi_tls as tls\ntls.PrivateKey('key', algorithm='ED25519')\n")
    project.succeed("up", "--yes", "--policy-pack", str(pack))


def test_a_policy_pack_that_fails_is_told(project: Project, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text(RUNTIME)
    (pack / "__main__.py").write_text("raise KeyError('no pack')\n")
    assert "no pack" in project.fail("preview", "--policy-pack", str(pack))


COMPONENT = """
import pulumi
from pulumi.provider.experimental import component_provider_host
from typing import TypedDict

class Args(TypedDict):
    text: pulumi.Input[str]

class Echo(pulumi.ComponentResource):
    text: pulumi.Output[str]

    def __init__(self, name: str, args: Args, opts: pulumi.ResourceOptions | None = None):
        super().__init__("probe:index:Echo", name, dict(args), opts)
        self.text = pulumi.Output.from_input(args["text"])
        self.register_outputs({"text": self.text})

if __name__ == "__main__":
    component_provider_host([Echo], "probe", version="1.0.0")
"""


def write_component(project: Project) -> Path:
    plugin = project.folder / "plugin"
    plugin.mkdir()
    (plugin / "PulumiPlugin.yaml").write_text(RUNTIME)
    (plugin / "__main__.py").write_text(COMPONENT)
    return plugin


def test_component_plugin(project: Project) -> None:
    write_component(project)
    with (project.folder / "Pulumi.yaml").open("a") as description:
        description.write("plugins: {providers: [{name: probe, path: plugin}]}\n")
    assert '"probe:index:Echo"' in project.succeed("package", "get-schema", "./plugin")
    project.write(
        """
        import pulumi

        class Echo(pulumi.ComponentResource):
            text: pulumi.Output[str]

        echo = Echo("probe:index:Echo", "echo", {"text": "hello"}, None, True)
        """
    )
    project.up()
    assert "probe:index:Echo" in project.succeed("stack", "--show-urns")


def test_generated_sdk(project: Project) -> None:
    plugin = write_component(project)
    project.succeed("package", "gen-sdk", str(plugin), "--language", "python", "--out", "sdk")
    generated = project.folder / "sdk" / "python" / "pulumi_probe" / "echo.py"
    assert "class Echo(pulumi.ComponentResource)" in generated.read_text()


DYNAMIC = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Probe(ResourceProvider):
    def create(self, props):
        return CreateResult("id", {"answer": 42})

class Answer(Resource):
    answer: pulumi.Output[int]

pulumi.export("answer", Answer(Probe(), "answer", {"answer": None}).answer)
"""


def test_dynamic_provider(project: Project) -> None:
    project.write(DYNAMIC)
    project.up()
    assert project.outputs() == {"answer": 42}
