"""JSON Schemas of what commands print: `python -m etcd_ops.cli.schemas docs/schemas` writes them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from etcd_ops.cli.report import ClusterReport
from etcd_ops.model.schemas import schema_of, text
from etcd_ops.review import Review

OUTPUTS: Mapping[str, type[BaseModel]] = MappingProxyType({"report": ClusterReport, "review": Review})
"""By the name of its schema: what `etcd-ops status --json` and `etcd-ops review --json` print."""


def write(folder: Path) -> None:
    """Write every schema as `<name>.json` into a folder that exists."""
    for name, model in OUTPUTS.items():
        (folder / f"{name}.json").write_text(text(schema_of(model)))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
