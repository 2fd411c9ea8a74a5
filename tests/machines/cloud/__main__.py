"""Serves until it is ended: `python -m tests.machines.cloud APIS-ADDRESS APIS-PORT NAMES-ADDRESS`."""

from __future__ import annotations

import sys
import threading
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.machines.cloud import addresses, groups, metadata, templates, volumes
from tests.machines.cloud.apis import Apis
from tests.machines.cloud.names import Names
from tests.machines.cloud.settings import STATE

SWEEP_SECONDS = 0.5


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"


def main() -> None:
    """Serve."""
    address, port, resolver = sys.argv[1:]
    for extension in (addresses, groups, templates, volumes):
        extension.install()
    for server in (make_server(metadata.ADDRESS, 80, metadata.Metadata(), threaded=True), Names(resolver)):
        _start(server)
    _start(make_server(address, int(port), Apis(), threaded=True, request_handler=_Handler))
    pause = threading.Event()
    while not pause.wait(SWEEP_SECONDS):
        with STATE:
            groups.sweep()


def _start(server: Any) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    main()
