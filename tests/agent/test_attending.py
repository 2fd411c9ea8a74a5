"""What an agent does for its static pods in every turn: no fault of one thing keeps the others from being done."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from etcd_ops.agent import main
from etcd_ops.agent.journal import Journal
from etcd_ops.static_pod.kept import KeptManifest
from etcd_ops.static_pod.manifest import encode
from tests.static_pod.test_manifest import plain

MANIFEST = encode(plain()).encode()


class Journaled:
    """What was written into a journal."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def write(self, event: str, values: dict[str, Any]) -> None:
        self.events.append((event, str(values.get("problem", ""))))


class Faulty(KeptManifest):
    """A manifest whose volume does not take a note."""

    def attend(self) -> bool:
        raise OSError(28, f"no space left for {self._placed.name}")


def manifest(root: Path, name: str, kind: type[KeptManifest] = KeptManifest) -> KeptManifest:
    (root / f"{name}.declared").write_bytes(MANIFEST)
    return kind(root / name, root / f"{name}.placed", root / f"{name}.declared")


@pytest.mark.parametrize("faulty", ["", "a", "b", "ab"])
@pytest.mark.parametrize("lends", [True, False])
def test_each_is_attended_to_whatever_becomes_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faulty: str, lends: bool
) -> None:
    lent: list[bool] = []

    def lend() -> None:
        lent.append(lends)
        if not lends:
            raise OSError(30, "the folder is read-only")

    monkeypatch.setattr(main, "lend", lend)
    journal, kinds = Journaled(), {name: Faulty if name in faulty else KeptManifest for name in "ab"}
    main._attend([manifest(tmp_path, name, kind) for name, kind in kinds.items()], cast("Journal", journal))
    assert {name for name in "ab" if (tmp_path / name).exists()} == set("ab") - set(faulty)
    assert lent == [lends]
    told = [problem for _, problem in journal.events if problem]
    assert len(told) == bool(faulty or not lends), "the journal tells a repeated problem by its event"
    for name in "ab":
        assert (f"no space left for {name}.placed" in "".join(told)) == (name in faulty)
    assert ("read-only" in "".join(told)) != lends


def test_an_agent_without_static_pods_lends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "lend", lambda: pytest.fail("it has nobody to lend to"))
    main._attend([], cast("Journal", Journaled()))
