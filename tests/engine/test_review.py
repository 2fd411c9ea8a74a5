"""`etcd-ops review` of what the real engine prints, policies included."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etcd_ops.cli.commands import application
from tests.policies.test_engine import PACK, PROGRAM, declare
from tests.tools.project import STACK, Project
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of one component with a cluster's contract, which is not up."""
    made = Project.make(engine, tmp_path_factory.mktemp("review") / "project")
    made.write(PROGRAM)
    return made


def reviewed(*words: str, given: str) -> tuple[int, dict[str, Any]]:
    ended = CliRunner().invoke(application(), ["review", "-", "--json", *words], input=given)
    return ended.exit_code, json.loads(ended.output)


def codes(found: dict[str, Any]) -> set[str]:
    return {each["code"] for each in found["findings"]}


def test_rules_that_a_preview_breaks_are_told(project: Project) -> None:
    declare(project, {"members.b-1.volumeBytes": 1024**3})
    streaming = replace(project, environment={**project.environment, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"})
    done = streaming.run("preview", "--json", "--show-sames", "--policy-pack", PACK)
    status, found = reviewed(given=done.stdout)
    assert done.returncode != 0
    assert status == 3
    assert "volume-headroom" in codes(found)


def test_rules_that_a_stack_breaks_are_told(project: Project, tmp_path: Path) -> None:
    declare(project)
    project.up()
    (project.folder / "config.json").write_text(json.dumps({"odd-member-count": {"minimum": 5}}))
    held = ("--policy-pack", PACK, "--policy-pack-config", str(project.folder / "config.json"))
    analysis = tmp_path / "analysis.json"
    analysis.write_text(project.run("policy", "analyze", "--json", "--stack", STACK, *held).stdout)
    preview = project.run("preview", "--json", "--show-sames").stdout
    assert reviewed(given=preview)[0] == 0
    status, found = reviewed("--policies", str(analysis), given=preview)
    assert (status, codes(found)) == (3, {"odd-member-count"})
