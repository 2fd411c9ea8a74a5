"""The workflows under .github: linted, pinned, with no more rights than they need, and proved to be judged."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from etcd_ops.programs.cache import Cache
from tools import ROOT, go_programs, zizmor

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
WRITING = {"comment": "pull-requests", "announce": "contents"}
"""Jobs that may write something of the repository, and what. None of them checks code out."""
DEPLOYING = ("deploy", "renewal")
"""Workflows that change environments."""
PREVIEWING = ("preview", "deploy", "renewal", "drift")
"""Workflows that run the program, which reads the files that members fetch."""

published = pytest.mark.skipif(not zizmor.PUBLISHED, reason="zizmor is not published for this machine")


def _loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def _jobs(path: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = _loaded(path)["jobs"]
    return jobs


def _actionlint(*files: Path) -> subprocess.CompletedProcess[str]:
    command = [str(go_programs.obtain("actionlint")), "-no-color", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [str(zizmor.obtain(Cache.of_user())), "--offline", "--no-progress", "--color", "never", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_there_are_all_workflows() -> None:
    names = {"ci", "preview", "deploy", "renewal", "drift", "compliance", "release"}
    assert {path.stem for path in FILES} == names


def test_actionlint_has_nothing_to_say() -> None:
    done = _actionlint(*FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@published
def test_zizmor_has_nothing_to_say() -> None:
    done = _zizmor(ROOT / ".github")
    assert done.returncode == 0, done.stdout + done.stderr


def _broken(tmp_path: Path, old: str, new: str) -> Path:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    path = Path(shutil.copy(FOLDER / "preview.yml", folder))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_actionlint_sees_what_is_broken(tmp_path: Path) -> None:
    done = _actionlint(_broken(tmp_path, "matrix.environment", "matrix.enviroment"))
    assert done.returncode != 0
    assert "enviroment" in done.stdout


@published
@pytest.mark.parametrize(
    ("old", "new", "audit"),
    [
        ("pull_request:", "pull_request_target:", "dangerous-triggers"),
        (
            "          marker=$(head",
            "          echo ${{ github.head_ref }}\n          marker=$(head",
            "template-injection",
        ),
        ("@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5", "unpinned-uses"),
    ],
)
def test_zizmor_sees_holes(tmp_path: Path, old: str, new: str, audit: str) -> None:
    done = _zizmor(_broken(tmp_path, old, new))
    assert done.returncode != 0
    assert audit in done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_with_their_version(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text())
    assert used
    assert [each for each in used if not PINNED.fullmatch(each)] == []


def test_an_action_has_one_version() -> None:
    used = {line for path in FILES for line in re.findall(r"uses: (.+)", path.read_text())}
    assert len(used) == len({each.partition("@")[0] for each in used})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rights_are_least(path: Path) -> None:
    assert _loaded(path)["permissions"] in ({}, {"contents": "read"})
    for name, job in _jobs(path).items():
        rights = job.get("permissions", {})
        writing = {right for right, level in rights.items() if level == "write"} - {"id-token"}
        assert writing == ({WRITING[name]} if name in WRITING else set())
        checks_out = any("checkout" in step.get("uses", "") for step in job["steps"])
        assert not (writing and checks_out)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_checkouts_keep_no_credentials(path: Path) -> None:
    for job in _jobs(path).values():
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_workflow_holds_a_secret(path: Path) -> None:
    assert not re.search(r"\$\{\{[^}]*\bsecrets\b", path.read_text())


@pytest.mark.parametrize("name", DEPLOYING)
def test_what_changes_an_environment_is_reviewed_first(name: str) -> None:
    (job,) = _jobs(FOLDER / f"{name}.yml").values()
    commands = [
        step["run"] for step in job["steps"] if "pulumi" in step.get("run", "") and "etcd-ops review" in step["run"]
    ]
    ups = [number for number, step in enumerate(job["steps"]) if "pulumi up" in step.get("run", "")]
    reviews = [number for number, step in enumerate(job["steps"]) if "etcd-ops review" in step.get("run", "")]
    assert commands
    assert max(reviews) < min(ups)
    assert job["environment"]
    assert job["concurrency"] == {"group": "up-${{ matrix.environment }}", "cancel-in-progress": False}


def test_a_fork_gets_no_credentials() -> None:
    job = _jobs(FOLDER / "preview.yml")["preview"]
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"


@pytest.mark.parametrize("name", PREVIEWING)
def test_files_that_members_fetch_are_there_before_the_program_runs_and_without_its_rights(name: str) -> None:
    job = next(job for job in _jobs(FOLDER / f"{name}.yml").values() if "strategy" in job)
    commands = [step.get("run", step.get("uses", "")) for step in job["steps"]]
    brought = commands.index(".ci/artifacts")
    programs = [number for number, each in enumerate(commands) if re.search(r"pulumi (preview|up|refresh)", each)]
    (trusted,) = [number for number, each in enumerate(commands) if "configure-aws-credentials" in each]
    assert commands.index(".ci/pulumi") < brought < trusted < min(programs)
    assert job["permissions"] == {"contents": "read", "id-token": "write"}


def test_aws_is_asked_whether_all_fits_before_anything_is_created() -> None:
    (job,) = _jobs(FOLDER / "deploy.yml").values()
    names = [step.get("name") for step in job["steps"]]
    assert names.index("Preflight") < names.index("Up")


def _stacks() -> set[str]:
    jobs = [job for name in (*PREVIEWING, "compliance") for job in _jobs(FOLDER / f"{name}.yml").values()]
    return {each for job in jobs if "strategy" in job for each in job["strategy"]["matrix"]["environment"]}


def test_stacks_of_workflows_leave_role_and_directory_to_whoever_runs_them() -> None:
    """A role of the stack would be taken in a pull request's preview, too; a runner's folder is gone afterwards."""
    assert _stacks()
    for stack in _stacks():
        declared = _loaded(ROOT / "stacks" / f"Pulumi.{stack}.yaml")["config"]
        assert declared["pulumi-etcd:component"] == "Ec2Cluster"
        assert not {"pulumi-etcd:roleArn", "pulumi-etcd:directory"} & declared.keys()


def test_a_release_has_what_members_fetch_for_every_architecture() -> None:
    jobs = _jobs(FOLDER / "release.yml")
    assert jobs["artifacts"]["strategy"]["matrix"]["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]
    assert set(jobs["publish"]["needs"]) == {"build", "artifacts"}
    assert "dist/artifacts/*" in jobs["announce"]["steps"][-1]["run"]
