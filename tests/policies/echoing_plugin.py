"""A plugin `aws` whose resources are what is declared of them, for tests that ask policies and not AWS."""

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
    tokens = {kind for rule in catalogue().values() for kind in rule.kinds if kind.startswith("aws:")}
    kinds = {token.rpartition(":")[2]: Echo() for token in tokens}
    provider = Provider(VERSION, kinds)
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))


def install(project: Path) -> None:
    """Have a project use the plugin."""
    root = Path(__file__).resolve().parents[2]
    script = project / "plugin" / "pulumi-resource-aws"
    script.parent.mkdir()
    script.write_text(_SCRIPT.format(python=sys.executable, root=str(root), module=__name__))
    script.chmod(0o755)
    with (project / "Pulumi.yaml").open("a") as file:
        file.write("plugins:\n  providers:\n    - {name: aws, path: plugin}\n")
