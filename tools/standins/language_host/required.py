"""Which provider plugins and dependencies a project's installed packages stand for."""

from collections.abc import Iterable

from google.protobuf import json_format
from pulumi.runtime.proto import language_pb2, plugin_pb2

from tools.standins.language_host.interpreter import Package


def plugin_of(package: Package) -> plugin_pb2.PackageDependency | None:
    """The provider plugin that a distribution needs, or None.

    A distribution named `pulumi-*` needs the plugin of that name, unless its pulumi-plugin.json denies it.
    """
    described = package.plugin or {}
    wanted = described.get("resource", False) if package.plugin else package.name.startswith("pulumi-")
    version = described.get("version") or semantic(package.version)
    if not wanted or version is None:
        return None
    dependency = plugin_pb2.PackageDependency(
        name=described.get("name") or package.name.removeprefix("pulumi-"),
        version=f"v{version.removeprefix('v')}",
        kind="resource",
        server=described.get("server", ""),
    )
    if described.get("parameterization"):
        json_format.ParseDict(described["parameterization"], dependency.parameterization)
    return dependency


def semantic(version: str) -> str | None:
    """A semantic version from a plain PEP 440 release; None for anything else."""
    parts = version.split(".")
    if not all(part.isdigit() for part in parts):
        return None
    return ".".join([*parts, "0", "0"][:3])


def dependencies(packages: Iterable[Package], *, transitive: bool) -> list[language_pb2.DependencyInfo]:
    """The packages as the engine reports them: all, or only those that no other needs."""
    listed = list(packages)
    needed = {name for package in listed for name in package.needs}
    return [
        language_pb2.DependencyInfo(name=package.name, version=package.version)
        for package in listed
        if transitive or package.name not in needed
    ]
