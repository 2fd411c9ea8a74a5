"""How the engine hears of what went wrong, and what AWS's saying that something is not there means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import grpc
from botocore.exceptions import BotoCoreError, ClientError

from tools.standins.aws.kind import Kind
from tools.standins.aws.settings import Unusable

Found = TypeVar("Found")


@contextmanager
def told(context: grpc.ServicerContext, name: str) -> Iterator[None]:
    """Ends a call with the status that its exception stands for.

    Args:
        context: of the call.
        name: of the resource, for the message.
    """
    try:
        yield
    except (BotoCoreError, ClientError, Unusable, ValueError) as problem:
        context.abort(grpc.StatusCode.UNKNOWN, f"{name}: {problem}")


def unless_absent(kind: Kind, call: Callable[[], Found]) -> Found | None:
    """What a call returns; None where AWS says that the object is not there."""
    try:
        return call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in kind.absent:
            raise
        return None
