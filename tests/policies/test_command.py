"""The command for those who have no clone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from etcd_policies import folder
from etcd_policies.__main__ import main


def virtualenv_of(pack: Path) -> str | None:
    runtime = yaml.safe_load((pack / "PulumiPolicy.yaml").read_text())["runtime"]
    assert runtime["name"] == "python"
    options: dict[str, str] = runtime.get("options", {})
    return options.get("virtualenv")


def test_a_written_pack_runs_with_the_interpreter_that_wrote_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "made" / "pack"
    assert main(["write", str(pack)]) == 0
    assert capsys.readouterr().out == f"{pack}\n"
    assert virtualenv_of(pack) == sys.prefix
    assert {file.name for file in pack.iterdir()} == {
        "PulumiPolicy.yaml",
        "__main__.py",
        "audit.json",
        "development.json",
        "production.json",
    }


def test_configurations_of_the_user_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    own = {"all": "disabled"}
    (pack / "production.json").write_text(json.dumps(own))
    (pack / "__main__.py").write_text("of an older version")
    assert main(["write", str(pack)]) == 0
    assert json.loads((pack / "production.json").read_text()) == own
    assert (pack / "__main__.py").read_text() == folder.program()
    assert capsys.readouterr().err == f"kept {pack / 'production.json'}\n"


def test_the_pack_in_the_repository_is_what_the_command_writes(tmp_path: Path) -> None:
    repository = Path(__file__).resolve().parents[2] / "policies"
    written = tmp_path / "policies"
    shutil.copytree(repository, written, ignore=shutil.ignore_patterns("etcd_policies", "__pycache__"))
    (written / "production.json").write_text("{}")
    assert main(["write", str(written), "--virtualenv", "../.venv", "--overwrite"]) == 0
    for file in written.iterdir():
        told = "run `python -m etcd_policies write policies --virtualenv ../.venv --overwrite`"
        assert (repository / file.name).read_text() == file.read_text(), told
    assert len(list(written.iterdir())) == 5


def test_a_path_with_odd_characters_is_quoted(tmp_path: Path) -> None:
    prefix = tmp_path / 'an: "odd" #one'
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python").touch()
    folder.write(tmp_path / "pack", folder.environment(prefix))
    assert virtualenv_of(tmp_path / "pack") == str(prefix)


def test_where_there_is_no_environment_none_is_named(tmp_path: Path) -> None:
    folder.write(tmp_path / "pack", folder.environment(tmp_path / "usr"))
    assert virtualenv_of(tmp_path / "pack") is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["write", str(tmp_path / "file" / "pack")]) == 1
    assert "file/pack; name one that can be written" in capsys.readouterr().err


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"mutual-tls": "mandatory"}')
    assert main(["check", str(file)]) == 0
    file.write_text('{"mutual-tsl": "mandatory"}')
    assert main(["check", str(file)]) == 1
    assert capsys.readouterr().err == "mutual-tsl: there is no such rule; did you mean mutual-tls?\n"
    assert main(["check", str(tmp_path / "none.json")]) == 1


def test_rules_as_a_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "etcd_policies", "rules"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "| [zone-spread](#zone-spread) | critical |" in done.stdout
