"""What is installed beside this interpreter, as files of an image: distributions with all that they require."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from tools.oci_image import Entries, File
from tools.python_runtime import PACKAGES, shared_libraries

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_METADATA = re.compile(r"[^/]+\.dist-info/(?!METADATA$|entry_points\.txt$|licenses/)")
"""What installing has left there."""
_LEFT_OUT = re.compile(r"\.\.|(.*/)?(__pycache__|tests?)/|.*\.pth$|" + _METADATA.pattern)
SERVICES = ("s3", "signin", "sso", "sso-oidc", "sts")
"""Of AWS: the store of objects, and where credentials come from. botocore describes every other one as well."""


def closure(name: str, extras: Sequence[str] = ()) -> list[Distribution]:
    """A distribution's requirements on this machine, and theirs, by name; without itself.

    Args:
        name: of the distribution.
        extras: of it that are wanted.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted, seen = [Requirement(f"{name}[{','.join(extras)}]")], set[tuple[str, str]]()
    found: dict[str, Distribution] = {}
    while wanted:
        requirement = wanted.pop()
        for extra in ("", *requirement.extras):
            key = (canonicalize_name(requirement.name), extra)
            if key not in seen:
                seen.add(key)
                found[key[0]] = distribution(requirement.name)
                wanted.extend(_required(found[key[0]], extra))
    del found[canonicalize_name(name)]
    return [found[each] for each in sorted(found)]


def files(distributions: Sequence[Distribution], services: Sequence[str] = SERVICES) -> Entries:
    """What of them runs, with the shared libraries of this machine that their extension modules need.

    Args:
        distributions: what is wanted.
        services: those of AWS whose description botocore keeps.
    """
    other = re.compile(rf"botocore/data/(?!({'|'.join(services)})/)[^/]+/")
    found = ((path, source) for each in distributions for path, source in _files(each))
    sources = {path: source for path, source in found if not other.match(path)}
    native = [source for path, source in sources.items() if re.search(r"\.so(\.\d+)*$", path)]
    return {
        **shared_libraries(native),
        **{f"{PACKAGES}/{path}": File(source) for path, source in sources.items()},
    }


def _required(installed: Distribution, extra: str) -> Iterator[Requirement]:
    from packaging.requirements import Requirement

    for line in installed.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def _files(installed: Distribution) -> Iterator[tuple[str, Path]]:
    for path in installed.files or ():
        relative = path.as_posix()
        if not _LEFT_OUT.match(relative):
            yield relative, Path(str(installed.locate_file(path)))
