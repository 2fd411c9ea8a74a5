"""moto behind one lock, with a record of the calls and a way for tests to change settings."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from tests.machines.cloud import calls
from tests.machines.cloud.settings import SETTINGS, STATE

CONTROL = "/_lab"
"""Below it: `settings` (PUT) and `calls` (GET, DELETE)."""


class Apis:
    """The APIs of all services (WSGI)."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._calls: list[calls.Call] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request. Its body is read first: whoever loses power while sending one holds nobody up."""
        request = Request(environ)
        body = request.get_data()
        if request.path.startswith(CONTROL):
            return self._control(request, body)(environ, start_response)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["wsgi.input_terminated"] = False
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        headers = {name.lower(): value for name, value in request.headers.items()}
        service, operation = calls.name(request.method, request.full_path, headers, body)
        statuses: list[str] = []

        def begin(status: str, answer: Any, problem: Any = None) -> Any:
            statuses.append(status)
            return start_response(status, answer, problem)

        with STATE:
            answer = self._moto(environ, begin)
            if service:
                code = int(statuses[-1].split()[0])
                self._calls.append(calls.Call(request.remote_addr or "", service, operation, code))
        found: Iterable[bytes] = answer
        return found

    def _control(self, request: Request, body: bytes) -> Response:
        if request.path == f"{CONTROL}/settings" and request.method == "PUT":
            SETTINGS.change(json.loads(body))
        elif request.path == f"{CONTROL}/calls" and request.method == "DELETE":
            with STATE:
                self._calls.clear()
        elif request.path == f"{CONTROL}/calls":
            return Response(json.dumps([dataclasses.asdict(each) for each in self._calls]))
        else:
            return Response(status=404)
        return Response(status=204)
