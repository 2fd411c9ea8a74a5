"""moto's server, without the policies of buckets, which moto applies whatever their conditions and exceptions say.

As a program it takes the options of `moto_server`: `python -m tests.servers.moto_server -H ADDRESS -p PORT`.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.server import main


def _unjudged(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.NEUTRAL


if __name__ == "__main__":
    FakeBucket.get_permission = _unjudged  # type: ignore[assignment,method-assign]
    main()
