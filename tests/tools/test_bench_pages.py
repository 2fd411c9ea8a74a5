"""Tables of the benchmarks stand beside those of other subjects, and never beside those of another machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.figures import Figure, Section
from bench.machine import Machine
from bench.pages import Page

HERE = Machine(("2 cores", "Linux", "at noon"))


def section(title: str, figure: str) -> Section:
    return Section(title, (Figure("a `pulumi up`", figure),), "As it was measured.")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    page = Page(path, "# Figures\n\n", HERE)
    page.write([section("One", "1 s"), section("Two", "2 s")])
    return path


def test_tables_are_written_as_they_come(path: Path) -> None:
    page = Page(path, "# Figures\n\n", HERE)
    page.write([section("One", "1 s")])
    assert "Two" not in path.read_text()


def test_one_is_replaced_and_the_others_stay(path: Path) -> None:
    before = path.read_text()
    page = Page(path, "# Figures\n\n", Machine(("2 cores", "Linux", "at night")))
    page.keep()
    page.write([section("Two", "3 s")])
    assert path.read_text() == before.replace("2 s", "3 s").replace("at noon", "at night")


def test_those_of_another_machine_are_not_kept(path: Path) -> None:
    with pytest.raises(ValueError, match="another machine: write every subject"):
        Page(path, "", Machine(("4 cores", "Linux", "at noon"))).keep()


def test_a_page_that_is_not_there_has_none(tmp_path: Path) -> None:
    Page(tmp_path / "page.md", "", HERE).keep()
