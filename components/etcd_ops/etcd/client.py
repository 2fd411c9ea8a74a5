"""The client: every call names the member that it asks."""

from __future__ import annotations

from types import TracebackType

from typing_extensions import Self

from etcd_ops.etcd.connection import Connections
from etcd_ops.etcd.credentials import Credentials
from etcd_ops.etcd.key_value import KeyValueCalls
from etcd_ops.etcd.maintenance import MaintenanceCalls
from etcd_ops.etcd.membership import MembershipCalls


class EtcdClient(KeyValueCalls, MembershipCalls, MaintenanceCalls):
    """Calls to members of a cluster over mutual TLS, each to exactly the member whose client URL it names.

    Nothing is retried and no other member is asked instead: what a call proves, it proves of that member.
    To be made and used in one running event loop; made once and kept, since it holds a connection per member.
    Close it when its calls have ended: those in flight are cancelled.

    Every call takes an `endpoint`, a client URL such as https://127.0.0.2:2379, and a `timeout` in seconds,
    and raises `Unreachable`, `OutcomeUnknown` or `Refused`; a malformed endpoint is a ValueError.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._connections = Connections(credentials)

    def replace_credentials(self, credentials: Credentials) -> None:
        """Use other credentials from the next call on; calls in flight end on their old connections."""
        self._connections.replace_credentials(credentials)

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
