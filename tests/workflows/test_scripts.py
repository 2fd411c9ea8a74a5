"""The scripts of the workflows, run as a runner would, with a stand-in that prints what the engine once printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.preflight.previews import without_sames
from tests.review.record import FOLDER as RECORDED
from tests.review.renewed import on_aws, on_this_machine, streamed
from tools import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"


def script(workflow: str, step: str) -> str:
    """What a step of a workflow with one job that has it runs."""
    jobs = yaml.safe_load((WORKFLOWS / f"{workflow}.yml").read_text())["jobs"].values()
    (found,) = [each["run"] for job in jobs for each in job["steps"] if each.get("name") == step]
    text: str = found
    return text


def run(workflow: str, step: str, folder: Path, programs: dict[str, str], **variables: str) -> int:
    """The exit status of a step, with programs of ours before all others."""
    for name, text in programs.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}:{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "RUNNER_TEMP": str(folder),
        "STACK": "aws-dev",
        **variables,
    }
    command = ["bash", "-e", "-c", script(workflow, step)]
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return done.returncode


def engine(name: str, status: int = 0) -> dict[str, str]:
    """A `pulumi` that prints a recorded preview, and ends like this."""
    return {"pulumi": f"cat '{RECORDED / name}.json'; exit {status}"}


def sparing_engine(name: str, folder: Path, status: int = 0) -> dict[str, str]:
    """A `pulumi` that shows of a recorded preview what stays the same only where it is told to."""
    part = folder / "part.json"
    part.write_text(without_sames(name))
    whole = RECORDED / f"{name}.json"
    shows = f"case \"$*\" in *--show-sames*) cat '{whole}';; *) cat '{part}';; esac"
    return {"pulumi": f"{shows}; exit {status}"}


def printing_engine(preview: dict[str, Any], folder: Path, status: int = 0) -> dict[str, str]:
    """A `pulumi` that prints a preview, as a stream of events where it is told to."""
    (folder / "digest.json").write_text(json.dumps(preview))
    (folder / "stream.json").write_text(streamed(preview))
    form = "${PULUMI_ENABLE_STREAMING_JSON_PREVIEW:+stream}"
    return {"pulumi": f"form={form}; cat '{folder}'/${{form:-digest}}.json; exit {status}"}


@pytest.mark.parametrize("workflow", ["preview", "deploy"])
@pytest.mark.parametrize(
    ("recorded", "status", "goes_on"),
    [
        ("quota-raised-stream", 0, {"preview", "deploy"}),
        ("grow", 0, {"preview", "deploy"}),
        ("member-replaced-stream", 0, set()),
        ("destroy", 0, set()),
        ("exchange-two", 1, set()),
        ("absent", 1, set()),
    ],
)
def test_what_goes_on_after_a_review(
    tmp_path: Path, workflow: str, recorded: str, status: int, goes_on: set[str]
) -> None:
    ended = run(workflow, "Review", tmp_path, engine(recorded, status))
    assert (ended == 0) == (workflow in goes_on)


DRIFT = ("drift", "What the program says otherwise than the state")
RENEWAL = ("renewal", "Review")
both = pytest.mark.parametrize("step", [DRIFT, RENEWAL], ids=["drift", "renewal"])
"""What `drift` lets pass is what `renewal` does by itself."""
GOES = {"op": "delete", "urn": "urn:pulumi:s::p::aws:s3/bucket:Bucket::images", "oldState": {"inputs": {}}}
WARNING = {"severity": "warning", "message": "ACLs are deprecated"}


@both
@pytest.mark.parametrize(
    ("recorded", "status", "passes"),
    [
        ("prod-nothing", 0, True),
        ("quota-raised", 0, False),
        ("destroy", 0, False),
        ("exchange-two", 1, False),
        ("prod-nothing", 1, False),
        ("absent", 1, False),
    ],
)
def test_whatever_the_program_changes_is_drift_and_waits_for_deploy(
    tmp_path: Path, step: tuple[str, str], recorded: str, status: int, passes: bool
) -> None:
    assert (run(*step, tmp_path, engine(recorded, status)) == 0) is passes


@both
@pytest.mark.parametrize("preview", [on_aws, on_this_machine])
@pytest.mark.parametrize(("others", "passes"), [([], True), ([GOES], False)], ids=["alone", "with a bucket that goes"])
def test_certificates_in_their_window_are_no_drift_and_are_renewed(
    tmp_path: Path,
    step: tuple[str, str],
    preview: Callable[[], dict[str, Any]],
    others: list[dict[str, Any]],
    passes: bool,
) -> None:
    told = preview()
    told |= {"steps": [*told["steps"], *others], "diagnostics": [WARNING]}
    assert (run(*step, tmp_path, printing_engine(told, tmp_path)) == 0) is passes


@pytest.mark.parametrize("status", [0, 7])
def test_drift_of_the_cloud_is_what_a_refresh_says_of_all_but_certificates(tmp_path: Path, status: int) -> None:
    asked = {"pulumi": f"printf '%s\\n' \"$@\" > asked; exit {status}"}
    assert run("drift", "What the cloud says otherwise than the state", tmp_path, asked) == status
    words = (tmp_path / "asked").read_text().splitlines()
    assert words[0] == "refresh"
    assert {"--preview-only", "--expect-no-changes", "--non-interactive"} <= set(words)
    assert [words[place + 1] for place, word in enumerate(words) if word == "--exclude"] == ["**tls:index/**"]


def test_a_refused_preview_still_leaves_its_comment(tmp_path: Path) -> None:
    assert run("preview", "Review", tmp_path, engine("destroy")) != 0
    assert (tmp_path / "comment.md").read_text() == (tmp_path / "summary.md").read_text()
    assert (tmp_path / "comment.md").read_text().startswith("<!-- etcd-ops review of e2e/e2e -->\n")


_GH = """
printf '%s\\n' "$*" >> calls
case "$*" in *--jq*) [ -f existing ] && echo 42 || true;; esac
"""


@pytest.mark.parametrize(("exists", "call"), [(False, "repos/o/r/issues/7/comments"), (True, "--method PATCH")])
def test_a_comment_is_written_once_and_then_updated(tmp_path: Path, exists: bool, call: str) -> None:
    folder = tmp_path / "comments" / "comment-aws-dev"
    folder.mkdir(parents=True)
    (folder / "comment.md").write_text("<!-- marker -->\ntext\n")
    if exists:
        (tmp_path / "existing").touch()
    step = "Write or update the comments"
    assert run("preview", step, tmp_path, {"gh": _GH}, REPOSITORY="o/r", NUMBER="7", GH_TOKEN="t") == 0
    asked, written = (tmp_path / "calls").read_text().splitlines()
    assert "--jq" in asked
    assert call in written
    assert "body=@comments/comment-aws-dev/comment.md" in written
    assert ("PATCH" in written) == exists


@pytest.mark.parametrize(
    ("previewed", "judged", "goes_on"), [(0, 0, True), (0, 1, False), (0, 2, False), (1, 0, False)]
)
def test_what_goes_on_after_a_preflight(tmp_path: Path, previewed: int, judged: int, goes_on: bool) -> None:
    judging = f'[ "$*" = "preflight -" ] && cat > given; exit {judged}'
    programs = {**sparing_engine("prod-grow", tmp_path, previewed), "etcd-ops": judging}
    assert (run("deploy", "Preflight", tmp_path, programs) == 0) == goes_on
    assert (tmp_path / "given").read_text() == (RECORDED / "prod-grow.json").read_text()


NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.43.0.3:1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
}
"""An AWS that does not answer: whoever asks it anything fails."""
PREFLIGHT = {"etcd-ops": f'exec "{sys.executable}" -m etcd_ops "$@"'}


@pytest.mark.parametrize(
    ("recorded", "status", "goes_on"),
    [
        ("nothing-shown", 0, True),
        ("prod-nothing", 0, True),
        ("prod-destroy", 0, True),
        ("prod-grow", 0, False),
        ("prod-create", 0, False),
        ("even", 0, False),
        ("prod-nothing", 1, False),
    ],
)
def test_an_environment_of_which_nothing_is_made_does_not_hold_up_the_next(
    tmp_path: Path, recorded: str, status: int, goes_on: bool
) -> None:
    programs = {**sparing_engine(recorded, tmp_path, status), **PREFLIGHT}
    assert (run("deploy", "Preflight", tmp_path, programs, **NOWHERE) == 0) == goes_on
