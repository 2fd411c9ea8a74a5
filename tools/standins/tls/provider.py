"""The plugin `tls`."""

import importlib.metadata

from pulumi.runtime.proto import provider_pb2_grpc

from tools.standins.provider import Provider
from tools.standins.serving import serve
from tools.standins.tls.certificates import CertRequest, LocallySignedCert, SelfSignedCert
from tools.standins.tls.keys import PrivateKey

KINDS = {
    "PrivateKey": PrivateKey(),
    "CertRequest": CertRequest(),
    "SelfSignedCert": SelfSignedCert(),
    "LocallySignedCert": LocallySignedCert(),
}


def main() -> None:
    """Serves, as the version that the installed SDK is of."""
    provider = Provider(importlib.metadata.version("pulumi-tls"), KINDS)
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))
