"""moto's server, mended for tests of what Pulumi makes.

It leaves out the policies of buckets, which moto applies whatever their conditions and exceptions say. And it lets
every version of an object be deleted, of which the last one may be a delete marker: moto's cannot be disposed of.

As a program it takes the options of `moto_server`: `python -m tests.servers.moto_server -H ADDRESS -p PORT`.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.server import main


def _unjudged(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    return PermissionResult.NEUTRAL


def _kept_nothing(_marker: FakeDeleteMarker) -> None:
    """What moto asks of every version that goes."""


if __name__ == "__main__":
    FakeBucket.get_permission = _unjudged  # type: ignore[assignment,method-assign]
    FakeDeleteMarker.dispose = _kept_nothing  # type: ignore[attr-defined]
    main()
