"""How the engine hears of what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from tools.standins.kubernetes.api import Refused, UnknownKind, Unreachable
from tools.standins.kubernetes.objects import Ref
from tools.standins.kubernetes.settings import Unusable
from tools.standins.kubernetes.waiting import NotGone
from tools.standins.values import Properties, dump


class Unfit(Exception):
    """A request that the stand-in does not serve, or the state of the object forbids."""


class NotReady(Exception):
    """An object is there, but not in order: the engine records it, and tries again with every update."""

    def __init__(self, ref: Ref, outputs: Properties, inputs: Properties, reasons: Sequence[str]) -> None:
        super().__init__(f"{ref} is there, but not ready: {'; '.join(reasons)}")
        told = [f"{ref}: {reason}" for reason in reasons]
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=ref.id, properties=dump(outputs), inputs=dump(inputs), reasons=told
        )


@contextmanager
def told(context: grpc.ServicerContext) -> Iterator[None]:
    """Ends a call with the status that its exception stands for."""
    try:
        yield
    except NotReady as problem:
        context.set_trailing_metadata((("grpc-status-details-bin", _status(problem)),))
        context.abort(grpc.StatusCode.UNKNOWN, str(problem))
    except (NotGone, Refused, Unfit, UnknownKind, Unreachable, Unusable) as problem:
        context.abort(grpc.StatusCode.UNKNOWN, str(problem))


def _status(problem: NotReady) -> bytes:
    detail = any_pb2.Any()
    detail.Pack(problem.detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(problem), details=[detail])
    return status.SerializeToString()
