"""Run by a project's own interpreter: prints its distributions as JSON, each with its pulumi-plugin.json."""

import importlib.metadata
import importlib.util
import json
import re
from pathlib import Path
from typing import Any


def normal(name: str) -> str:
    """A distribution's name in its one normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needs(distribution: importlib.metadata.Distribution) -> list[str]:
    """The distributions that this one requires unconditionally."""
    requirements = [text for text in distribution.requires or [] if "extra ==" not in text]
    return [normal(found[0]) for text in requirements if (found := re.match(r"[\w.-]+", text))]


def plugin(name: str) -> Any:
    """What the import package of a distribution says of its plugin; None if it says nothing."""
    spec = importlib.util.find_spec(name.replace("-", "_"))
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "pulumi-plugin.json")
        if path.exists():
            return json.loads(path.read_text())
    return None


def main() -> None:
    """Prints the list."""
    found = []
    for distribution in importlib.metadata.distributions():
        name = normal(distribution.metadata["Name"])
        found.append(
            {
                "name": name,
                "version": distribution.version,
                "needs": needs(distribution),
                "plugin": plugin(name) if name.startswith("pulumi-") else None,
            }
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
