"""moto behind one lock, with a record of the calls and a way for tests to change settings."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from tests.machines.cloud import calls, resources
from tests.machines.cloud.parameters import parameters
from tests.machines.cloud.settings import SETTINGS, STATE

CONTROL = "/_lab"
"""Below it: `settings` (PUT) and `calls` (GET, DELETE)."""


class Apis:
    """The APIs of all services (WSGI)."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.calls: list[calls.Call] = []
        """Every one so far."""

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
        called = self._called(request, headers, body)
        statuses: list[str] = []

        def begin(status: str, answer: Any, problem: Any = None) -> Any:
            statuses.append(status)
            return start_response(status, answer, problem)

        with STATE:
            # Afterwards the call may have changed them.
            known = dataclasses.replace(called, resources=resources.named(called.service, called.parameters))
            answer = self._moto(environ, begin)
            self.calls.append(dataclasses.replace(known, status=int(statuses[-1].split()[0])))
        found: Iterable[bytes] = answer
        return found

    def _called(self, request: Request, headers: Mapping[str, str], body: bytes) -> calls.Call:
        """What is known of a call from itself; it has no answer yet."""
        target, scope = request.full_path, calls.scope(headers)
        service, operation = calls.name(request.method, target, headers, body)
        return calls.Call(
            address=request.remote_addr or "",
            service=service or calls.UNSIGNED,
            operation=operation,
            status=0,
            principal=resources.principal(scope.access_key),
            region=scope.region,
            parameters=parameters(service, target, headers, body),
        )

    def _control(self, request: Request, body: bytes) -> Response:
        if request.path == f"{CONTROL}/settings" and request.method == "PUT":
            SETTINGS.change(json.loads(body))
        elif request.path == f"{CONTROL}/calls" and request.method == "DELETE":
            with STATE:
                self.calls.clear()
        elif request.path == f"{CONTROL}/calls":
            return Response(json.dumps([dataclasses.asdict(each) for each in self.calls]))
        else:
            return Response(status=404)
        return Response(status=204)
