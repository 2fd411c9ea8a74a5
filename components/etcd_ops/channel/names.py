"""Which object names every channel accepts: file names everywhere, S3 keys, and parts of Kubernetes names."""

from __future__ import annotations

import re

_FOLDER = r"[a-z0-9][a-z0-9_-]*"
_NAME = re.compile(rf"(?:{_FOLDER}/)*{_FOLDER}(?:\.[a-z0-9]+)+")
_PREFIX = re.compile(rf"(?:{_FOLDER}/)*(?:{_FOLDER}[.a-z0-9_-]*)?")
LONGEST = 200
"""Characters of a name. S3 keys have 1024 bytes, to share with a prefix; file names 255."""


def is_name(name: str) -> bool:
    """Whether an object can have this name.

    Lower case, for file systems that ignore case. Objects have an extension and folders have none, so that no
    object is ever another's folder. Nothing begins with a dot: those files are the directory channel's own.
    """
    return len(name) <= LONGEST and _NAME.fullmatch(name) is not None


def check_name(name: str) -> str:
    """`name`, if an object can have it.

    Raises:
        ValueError: it cannot: a defect of the caller.
    """
    if not is_name(name):
        raise ValueError(f"{name!r} cannot name an object of a channel: use folder/object.ext in lower case")
    return name


def check_prefix(prefix: str) -> str:
    """`prefix`, if names can begin with it.

    Raises:
        ValueError: none can: a defect of the caller.
    """
    if len(prefix) > LONGEST or _PREFIX.fullmatch(prefix) is None:
        raise ValueError(f"{prefix!r} cannot begin an object's name: use folder/begin in lower case")
    return prefix
