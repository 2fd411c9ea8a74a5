"""Reduces etcd's .proto files to plain protobuf under a package of our own.

The REST gateway, OpenAPI, gogoproto and version annotations are other projects' extensions that say nothing
about the wire format; without them the messages need no further .proto files. The package prefix and the file
path keep the messages apart from any other copy of etcd's API in the same process: protobuf refuses a second
file or message of the same name. Neither is part of the wire format of messages.
"""

from __future__ import annotations

import re

PACKAGE_PREFIX = "etcd_ops"
DIRECTORY = "etcd_ops/etcd/rpc"
KEPT_IMPORTS = ("mvccpb/kv.proto", "authpb/auth.proto")

_IMPORT = re.compile(r'^import "([^"]+)";\n', re.MULTILINE)
_PACKAGE = re.compile(r"^package (\w+);", re.MULTILINE)
_EXTENSION_OPTION = re.compile(r"^[ \t]*option\s*\(", re.MULTILINE)
_FIELD_OPTIONS = re.compile(r"\s*\[\s*\([\w.]+\)[^\]]*\]")
_GO_PACKAGE = re.compile(r"^option go_package = .*\n", re.MULTILINE)


def strip(proto: str) -> str:
    """The same messages and services without foreign options, in the private package.

    Raises:
        ValueError: an import or an option is left that this cannot remove.
    """
    plain = _drop_option_statements(_GO_PACKAGE.sub("", proto))
    plain = _FIELD_OPTIONS.sub("", plain)
    plain = _IMPORT.sub(lambda found: _import_of(found.group(1)), plain)
    plain = _PACKAGE.sub(lambda found: f"package {PACKAGE_PREFIX}.{found.group(1)};", plain)
    left = re.search(r"\((?:google\.api|grpc\.gateway|gogoproto|versionpb)\.", plain)
    if left:
        raise ValueError(f"an option is left in the stripped file: {plain[left.start() :][:80]!r}")
    return plain


def flat_name(path: str) -> str:
    """The file name of `path` in our package: `mvccpb/kv.proto` becomes `kv.proto`."""
    return path.rpartition("/")[2]


def _import_of(path: str) -> str:
    for kept in KEPT_IMPORTS:
        if path.endswith(kept):
            return f'import "{DIRECTORY}/{flat_name(kept)}";\n'
    return ""


def _drop_option_statements(proto: str) -> str:
    """Without `option (extension) = value;` statements, whose value may be a nested block."""
    kept: list[str] = []
    position = 0
    while found := _EXTENSION_OPTION.search(proto, position):
        kept.append(proto[position : found.start()])
        position = _end_of_statement(proto, found.start())
    kept.append(proto[position:])
    return "".join(kept)


def _end_of_statement(proto: str, start: int) -> int:
    """The position behind the statement's semicolon and line end; blocks and strings may hold others."""
    depth = 0
    quoted = False
    for position in range(start, len(proto)):
        character = proto[position]
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character in "{(") - (character in "})")
            if character == ";" and depth == 0:
                return position + 1 + proto[position + 1 :].startswith("\n")
    raise ValueError(f"an option does not end: {proto[start:][:80]!r}")
