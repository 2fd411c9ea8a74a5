"""What nodes leave outside of their directories goes with them; what was there before stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nodes import traces


def test_only_folders_that_were_not_there_before_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, other, never = (tmp_path / name for name in ("own", "other", "never"))
    monkeypatch.setattr(traces, "FOLDERS", (own, other, never))
    other.mkdir()
    traces.note(tmp_path)
    for folder in (own, other):
        folder.mkdir(exist_ok=True)
        (folder / "file").touch()
    traces.remove(tmp_path)
    assert (own.exists(), (other / "file").exists(), never.exists()) == (False, True, False)


def test_without_a_note_no_folder_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "FOLDERS", (tmp_path / "folder",))
    (tmp_path / "folder").mkdir()
    traces.remove(tmp_path)
    assert (tmp_path / "folder").exists()
