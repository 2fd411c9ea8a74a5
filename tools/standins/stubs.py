"""The SDK's generated gRPC code without the rest of the SDK: a plugin starts in half the time."""

import importlib.util
import os
import sys
import types


def prepare() -> None:
    """Makes `pulumi.runtime.proto` importable without the `__init__` of `pulumi` and `pulumi.runtime`.

    For processes that need nothing else of the SDK; must run before anything imports `pulumi`.
    """
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"the Pulumi SDK is not installed for {sys.executable}")
    folder = spec.submodule_search_locations[0]
    for name, path in (("pulumi", folder), ("pulumi.runtime", f"{folder}/runtime")):
        package = types.ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package
    # Here and in children: a cancelled stream is not news for the user.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
