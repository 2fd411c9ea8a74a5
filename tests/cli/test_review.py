"""`etcd-ops review`: what it reads, what it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etcd_ops.cli.commands import application
from etcd_ops.cli.schemas import OUTPUTS
from etcd_ops.model.schemas import schema_of
from tests.review.record import FOLDER

VIOLATION = {"policyName": "zone-spread", "message": "too few zones", "enforcementLevel": "advisory"}


def run(*words: str, given: str | None = None) -> Any:
    return CliRunner().invoke(application(), ["review", *words], input=given)


def recorded(name: str) -> str:
    return str(FOLDER / f"{name}.json")


def analysis(folder: Path, level: str) -> str:
    event = {"sequence": 1, "timestamp": 0, "policyEvent": {**VIOLATION, "enforcementLevel": level}}
    path = folder / "analysis.json"
    path.write_text(json.dumps(event))
    return str(path)


@pytest.mark.parametrize(("name", "status"), [("quota-raised", 0), ("upgrade", 1), ("destroy", 3)])
def test_the_exit_status_is_the_verdict(name: str, status: int) -> None:
    assert run(recorded(name)).exit_code == status
    assert run(given=Path(recorded(name)).read_text()).exit_code == status
    assert run("-", "--json", given=Path(recorded(name)).read_text()).exit_code == status


@pytest.mark.parametrize(("name", "status"), [("nothing", 0), ("quota-raised", 1), ("destroy", 3)])
def test_the_exit_status_where_only_renewals_are_fine(name: str, status: int) -> None:
    ended = run(recorded(name), "--only-renewals", "--json")
    assert ended.exit_code == status
    codes = {each["code"] for each in json.loads(ended.output)["findings"]}
    assert ("beyond-renewal" in codes) == (status > 0)


@pytest.mark.parametrize("given", ["", "no preview", "{}"])
def test_what_cannot_be_read_is_no_verdict(given: str) -> None:
    ended = run(given=given)
    assert ended.exit_code == 2
    assert "the preview cannot be read" in ended.output


def test_a_missing_file_is_told() -> None:
    assert run("/nowhere.json").exit_code == 2


@pytest.mark.parametrize(("level", "status"), [("advisory", 1), ("mandatory", 3)])
def test_broken_rules_count(tmp_path: Path, level: str, status: int) -> None:
    ended = run(recorded("quota-raised"), "--policies", analysis(tmp_path, level), "--json")
    assert ended.exit_code == status
    assert [each["code"] for each in json.loads(ended.output)["findings"]] == ["zone-spread"]


def test_a_broken_analysis_is_told(tmp_path: Path) -> None:
    (tmp_path / "analysis.json").write_text("no analysis")
    ended = run(recorded("quota-raised"), "--policies", str(tmp_path / "analysis.json"))
    assert ended.exit_code == 2
    assert "the analysis of policies cannot be read" in ended.output


def test_a_comment_is_written_beside_what_is_printed(tmp_path: Path) -> None:
    comment = tmp_path / "comment.md"
    ended = run(recorded("members-replaced"), "--markdown", str(comment))
    text = comment.read_text()
    assert text.startswith("<!-- etcd-ops review of e2e/e2e -->\n")
    assert "at the worst moment | 3 | 2 | 1 🔴" in text
    assert "quorum worst: 1 of 3 serve, 2 needed" in ended.output


@pytest.mark.parametrize("name", ["quota-raised", "members-replaced", "create", "aws-dearer", "even"])
def test_json_conforms_to_its_schema(name: str) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schema_of(OUTPUTS["review"]))
    printed = json.loads(run(recorded(name), "--json").output)
    assert list(validator.iter_errors(printed)) == []
