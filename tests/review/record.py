"""Records previews of the real engine: `python -m tests.review.record [PATTERN…]`; all of them without a pattern.

Each becomes `tests/review/recorded/<name>.json`; what the review must say of it stands in `tests/review/cases.yaml`.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatch
from itertools import chain
from pathlib import Path

from etcd_ops.programs.cache import Cache
from tests.review import aws_previews, kubernetes_previews, local_previews, pods_previews, prod_previews
from tools import engine as clone_engine

FOLDER = Path(__file__).parent / "recorded"


def main(names: list[str]) -> None:
    """Record previews by patterns of their names, or every one."""
    engine = clone_engine.prepare(Cache.of_user())

    def wanted(name: str) -> bool:
        return not names or any(fnmatch(name, each) for each in names)

    sources = (local_previews, aws_previews, kubernetes_previews, prod_previews, pods_previews)
    for name, text in chain.from_iterable(source.record(engine, wanted) for source in sources):
        (FOLDER / f"{name}.json").write_text(text)
        sys.stdout.write(f"{name}: {len(text)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
