"""What was measured, what it is compared with, and what it should be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

WIDTH = 160
"""Characters of a line where no terminal says how many it has."""
COLUMNS = ("measurement", "figure", "against", "ratio", "aim", "met")


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    figure: str
    against: str = ""
    ratio: str = ""
    aim: str = ""
    met: bool | None = None
    """None where there is no aim."""

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of the columns."""
        met = "" if self.met is None else "yes" if self.met else "**no**"
        return (self.what, self.figure, self.against, self.ratio, self.aim, met)


@dataclass(frozen=True)
class Section:
    """The figures of one subject."""

    title: str
    figures: tuple[Figure, ...]
    remark: str = ""
    """How it was measured."""


def seconds(value: float) -> str:
    """A duration with the precision that it was measured with."""
    return f"{value * 1000:.0f} ms" if abs(value) < 1 else f"{value:.1f} s"


def middle(values: Sequence[float], show: str = "seconds") -> str:
    """The median, with the range where there are several."""
    text = seconds if show == "seconds" else "{:.2f}".format
    if len(values) == 1:
        return text(values[0])
    return f"{text(median(values))} ({text(min(values))} to {text(max(values))})"


def times(value: float) -> str:
    """A ratio."""
    return f"{value:.1f}x" if value < 10 else f"{value:.0f}x"


def show(sections: Iterable[Section]) -> None:
    """Print the tables."""
    console = Console() if Console().is_terminal else Console(width=WIDTH)
    for section in sections:
        table = Table(title=section.title, title_justify="left", caption=section.remark, caption_justify="left")
        for name in COLUMNS:
            table.add_column(name)
        for figure in section.figures:
            table.add_row(*(cell.replace("**", "") for cell in figure.cells))
        console.print(table)


def markdown(section: Section) -> str:
    """The table for a page, without its title."""
    lines = [_row(COLUMNS), _row("---" for _ in COLUMNS), *(_row(figure.cells) for figure in section.figures)]
    return "\n".join([*lines, *(["", section.remark] if section.remark else [])])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
