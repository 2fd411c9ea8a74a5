"""What the review must say of each recorded preview: `cases.yaml`, read, and written anew for a person to judge.

`python -m tests.review.expected` writes what the review says now. Every difference is to be read: the table is what
this project promises to tell.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from etcd_ops.review import Level, Review, read_preview, review
from tests.review.record import FOLDER

TABLE = Path(__file__).with_name("cases.yaml")
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def reviewed(name: str) -> Review:
    """The review of a recorded preview."""
    return review(read_preview((FOLDER / f"{name}.json").read_text()))


def told(found: Review) -> dict[str, Any]:
    """What counts of a review: the verdict, why, the votes, and what happens to whom in which order."""
    case: dict[str, Any] = {"verdict": found.verdict.value}
    grave = [_finding(each.level, each.code, each.where) for each in found.findings if each.level is not Level.FINE]
    case |= {"findings": sorted(grave)} if grave else {}
    for cluster in found.clusters:
        codes = sorted(_finding(each.level, each.code, each.where) for each in cluster.findings)
        quorum = cluster.quorum
        votes = [f"{each.up}/{each.voters}" if each else "?" for each in (quorum.before, quorum.during, quorum.after)]
        members = {
            each.slot: f"{each.turn} {each.by}: {'; '.join(each.happens)}" for each in cluster.members if each.happens
        }
        case[cluster.cluster] = {"votes": " ".join(votes), "gaps": len(cluster.gaps)}
        case[cluster.cluster] |= {"members": members} if members else {}
        case[cluster.cluster] |= {"findings": codes} if codes else {}
    return case


def _finding(level: Level, code: str, where: str) -> str:
    return f"{level.value} {code} {where}".strip()


def load() -> dict[str, Any]:
    """The table."""
    found: dict[str, Any] = yaml.safe_load(TABLE.read_text())
    return found


def main() -> None:
    """Write the table anew."""
    cases = {name: told(reviewed(name)) for name in NAMES}
    TABLE.write_text(yaml.safe_dump(cases, sort_keys=False, width=200, allow_unicode=True))
    sys.stdout.write(f"{len(cases)} cases\n")


if __name__ == "__main__":
    main()
