"""Extras of this package: what only some platforms need."""

from __future__ import annotations

import importlib.metadata

import pulumi


def plugin_version(sdk: str, extra: str, where: str) -> str:
    """The version of a plugin: its SDK's.

    Args:
        sdk: the distribution, such as `pulumi-aws`.
        extra: of this package, which brings it.
        where: the clusters that need it are.

    Raises:
        pulumi.RunError: the SDK is not installed.
    """
    try:
        return importlib.metadata.version(sdk)
    except importlib.metadata.PackageNotFoundError as error:
        raise pulumi.RunError(f"clusters on {where} need {sdk}: install pulumi-etcd[{extra}]") from error
