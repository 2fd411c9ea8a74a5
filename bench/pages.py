"""Pages in docs with tables: a subject's are written as soon as they are measured, in the place of older ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bench import figures
from bench.figures import Section
from bench.machine import Machine

_TITLE = re.compile(r"^## (.+)$", re.MULTILINE)


class Page:
    """One platform's.

    Args:
        path: of the file.
        header: what it begins with.
        machine: that the figures are of.
    """

    def __init__(self, path: Path, header: str, machine: Machine) -> None:
        self._path, self._header, self._machine = path, header, machine
        self._tables: dict[str, str] = {}

    def keep(self) -> None:
        """Keep the tables that are there.

        Raises:
            ValueError: they are of another machine, or of other programs.
        """
        text = self._path.read_text() if self._path.exists() else ""
        # The last line is the time.
        if text and any(f"- {line}\n" not in text for line in self._machine.lines[:-1]):
            raise ValueError(f"{self._path.name} is of another machine: write every subject")
        _, *rest = _TITLE.split(text)
        self._tables = {title: table.strip("\n") for title, table in zip(rest[::2], rest[1::2], strict=True)}

    def write(self, sections: Sequence[Section]) -> None:
        """Put tables into the page."""
        self._tables |= {section.title: figures.markdown(section) for section in sections}
        tables = [f"## {title}\n\n{table}\n" for title, table in self._tables.items()]
        self._path.write_text("\n".join([f"{self._header}{self._machine.markdown()}", *tables]))
