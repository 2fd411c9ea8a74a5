"""An API server of a few answers, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tools.standins.kubernetes.api import Api
from tools.standins.kubernetes.objects import Ref
from tools.standins.kubernetes.settings import Settings

CORE = [
    {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
    {"name": "namespaces", "kind": "Namespace", "namespaced": False},
    {"name": "namespaces/status", "kind": "Namespace", "namespaced": False},
    {"name": "services", "kind": "Service", "namespaced": True},
]

Answer = Callable[[httpx2.Request], httpx2.Response]


@dataclass
class Server:
    """Answers by path; 404 for all else."""

    contents: dict[str, Any] = field(default_factory=lambda: {"/api/v1": {"resources": CORE}})
    asked: list[httpx2.Request] = field(default_factory=list)
    answer: Answer | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if self.answer is not None and request.url.path != "/api/v1":
            return self.answer(request)
        found = self.contents.get(request.url.path)
        return (
            httpx2.Response(404, json={"message": "not found"}) if found is None else httpx2.Response(200, json=found)
        )


@dataclass(frozen=True)
class Connected(Settings):
    """Settings that lead to a server in memory."""

    server: Server = field(default_factory=Server)

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url="https://memory", transport=httpx2.MockTransport(self.server))


def refusal(status: int, message: str) -> Answer:
    return lambda _request: httpx2.Response(status, json={"message": message})


def api_of(server: Server) -> Api:
    return Api(Connected(namespace="n", server=server))


def ref_of(api: Api, kind: str = "ConfigMap") -> Ref:
    return Ref(api.resource("v1", kind), "n", "x")


def sent(request: httpx2.Request) -> Any:
    return json.loads(request.content)
