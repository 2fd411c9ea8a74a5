"""A plugin whose resources are what is declared of them, for tests that ask policies and not AWS, or Kubernetes."""

from __future__ import annotations

import sys
from pathlib import Path

from pulumi.runtime.proto import provider_pb2_grpc

from etcd_policies.catalogue import catalogue
from tools.standins.provider import Kind, Provider
from tools.standins.serving import serve
from tools.standins.values import Properties

VERSION = "7.51.0"
_SCRIPT = """\
#!{python}
import sys

sys.path.insert(0, {root!r})
from {module} import main

main()
"""


class Echo(Kind):
    def make(self, inputs: Properties) -> tuple[str, Properties]:
        return str(inputs.get("bucket") or inputs.get("name") or "made"), {}


def main() -> None:
    tokens = {kind for rule in catalogue().values() for kind in rule.kinds}
    kinds = {token.rpartition(":")[2]: Echo() for token in tokens}
    provider = Provider(VERSION, kinds)
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))


def install(project: Path, package: str = "aws") -> None:
    """Have a project use the plugin for a package."""
    root = Path(__file__).resolve().parents[2]
    script = project / "plugin" / f"pulumi-resource-{package}"
    script.parent.mkdir()
    script.write_text(_SCRIPT.format(python=sys.executable, root=str(root), module=__name__))
    script.chmod(0o755)
    with (project / "Pulumi.yaml").open("a") as file:
        file.write(f"plugins:\n  providers:\n    - {{name: {package}, path: plugin}}\n")
