"""The provider plugin's process: `pulumi-resource-etcd ENGINE-ADDRESS`."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from pulumi_etcd.provider.catalogue import COMPONENTS, CUSTOM
from pulumi_etcd.provider.hosted import Hosted, token
from pulumi_etcd.provider.servicer import EtcdProvider

GRPC_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
BLOCKING = 64
"""Calls that wait for files or processes at the same time."""
PARENT_CHECK = 1.0
"""Seconds between two looks whether the engine is still there: killed hard, it leaves its plugins behind."""
LAST_WORDS = 3.0
"""Seconds for calls under way to report how far they came."""


def hosted() -> Hosted:
    """The components and the schema, of the installed version."""
    version = importlib.metadata.version("pulumi-etcd")
    return Hosted(COMPONENTS, [resource for resource, _ in CUSTOM], version)


async def serve(engine_address: str) -> None:
    """Serve one engine until it goes away."""
    parent = os.getppid()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(BLOCKING, "blocking"))
    resources = {token(resource): implementation() for resource, implementation in CUSTOM}
    provider = EtcdProvider(hosted(), resources, engine_address)
    server = grpc.aio.server(options=GRPC_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await _until_unwanted(parent)
    provider.cancelled.set()
    await server.stop(grace=LAST_WORDS)
    os._exit(0)  # the SDK's threads may be stuck in calls that the engine will not answer


async def _until_unwanted(parent: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    told = asyncio.ensure_future(stop.wait())
    while not told.done() and os.getppid() == parent:
        await asyncio.wait({told}, timeout=PARENT_CHECK)


def main() -> None:
    """Serve the engine whose address is the first argument that is not an option."""
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if len(addresses) != 1:
        sys.exit("usage: pulumi-resource-etcd ENGINE-ADDRESS   (Pulumi starts this; it is not for the hand)")
    asyncio.run(serve(addresses[0]))
