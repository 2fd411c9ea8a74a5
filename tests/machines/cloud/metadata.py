"""The metadata service of instances, second version only, which tells them apart by their addresses.

Each answer is what moto knows at that moment. cloud-init does not see in a container that it is on EC2, and asks as it
asks clouds that know no tokens: it alone is answered without one.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.sts.models import sts_backends
from werkzeug.wrappers import Request, Response

from tests.machines.cloud.groups import WAITING
from tests.machines.cloud.settings import ACCOUNT, REGION, SETTINGS, STATE

ADDRESS = "169.254.169.254"
_TOKEN, _TTL = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"
_CLOUD_INIT = ("Cloud-Init/", "python-requests/")
"""How it names itself, and how the library names itself with which it fetches most."""
_CREDENTIALS = 3600
"""Seconds for which a role's credentials are good."""


class Metadata:
    """The service."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[str, float]] = {}
        self._credentials: dict[str, tuple[str, float]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        if SETTINGS.metadata_delay:
            time.sleep(SETTINGS.metadata_delay)
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        address = request.remote_addr or ""
        if request.path == "/latest/api/token":
            return self._token(request, address)
        holder, until = self._tokens.get(request.headers.get(_TOKEN, ""), ("", 0.0))
        named = holder == address and time.monotonic() < until
        if not named and not request.headers.get("User-Agent", "").startswith(_CLOUD_INIT):
            return Response("Unauthorized", 401)
        with STATE:
            instance = self._instance(address)
            text = None if instance is None else self._text(instance, request.path)
        return Response("Not Found", 404) if text is None else Response(text, mimetype="text/plain")

    def _token(self, request: Request, address: str) -> Response:
        asked = request.headers.get(_TTL, "")
        if request.method != "PUT" or not asked.isdigit() or "X-Forwarded-For" in request.headers:
            return Response("Bad Request", 400)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (address, time.monotonic() + int(asked))
        return Response(token, headers={_TTL: asked})

    def _instance(self, address: str) -> Any:
        for instance in ec2_backends[ACCOUNT][REGION].all_instances():
            if instance.state == "running" and instance.private_ip == address:
                return instance
        return None

    def _text(self, instance: Any, path: str) -> str | None:
        """What a path below any version of the service says; folders list what is in them."""
        version, _, rest = path.strip("/").partition("/")
        tree = self._tree(instance)
        if not version:
            return "latest"
        if rest in tree:
            return tree[rest]()
        inside = sorted({_next(name, rest) for name in tree if name.startswith(f"{rest}/" if rest else "")})
        return "\n".join(inside) if inside else None

    def _tree(self, instance: Any) -> Mapping[str, Callable[[], str]]:
        zone = str(instance.placement.zone)
        role = _role(instance)
        tree = {
            "meta-data/ami-id": lambda: str(instance.image_id),
            "meta-data/hostname": lambda: _host(instance),
            "meta-data/instance-id": lambda: str(instance.id),
            "meta-data/instance-type": lambda: str(instance.instance_type),
            "meta-data/local-hostname": lambda: _host(instance),
            "meta-data/local-ipv4": lambda: str(instance.private_ip),
            "meta-data/placement/availability-zone": lambda: zone,
            "meta-data/placement/region": lambda: REGION,
            "dynamic/instance-identity/document": lambda: json.dumps(_identity(instance, zone)),
        }
        if instance.user_data:
            tree["user-data"] = lambda: str(instance.user_data.decode())
        if target := _target_state(instance):
            tree["meta-data/autoscaling/target-lifecycle-state"] = lambda: target
        if role:
            tree[f"meta-data/iam/security-credentials/{role.name}"] = lambda: self._role_credentials(instance, role)
        return tree

    def _role_credentials(self, instance: Any, role: Any) -> str:
        text, until = self._credentials.get(instance.id, ("", 0.0))
        if time.monotonic() < until:
            return text
        taken = sts_backends[ACCOUNT]["aws"].assume_role(REGION, instance.id, role.arn, "", _CREDENTIALS, "")
        text = json.dumps(
            {
                "Code": "Success",
                "LastUpdated": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "Type": "AWS-HMAC",
                "AccessKeyId": taken.access_key_id,
                "SecretAccessKey": taken.secret_access_key,
                "Token": taken.session_token,
                "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + _CREDENTIALS)),
            }
        )
        self._credentials[instance.id] = (text, time.monotonic() + _CREDENTIALS / 2)
        return text


def _host(instance: Any) -> str:
    return f"ip-{instance.private_ip.replace('.', '-')}.{REGION}.compute.internal"


def _next(name: str, folder: str) -> str:
    rest = name[len(folder) :].strip("/")
    first, slash, _ = rest.partition("/")
    return first + slash


def _role(instance: Any) -> Any:
    association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    roles = association.iam_instance_profile.roles if association else []
    return roles[0] if roles else None


def _target_state(instance: Any) -> str:
    for state in autoscaling_backends[ACCOUNT][REGION].describe_auto_scaling_instances([instance.id]):
        return "Terminated" if state.lifecycle_state == WAITING else "InService"
    return ""


def _identity(instance: Any, zone: str) -> dict[str, str]:
    return {
        "accountId": ACCOUNT,
        "region": REGION,
        "availabilityZone": zone,
        "instanceId": instance.id,
        "imageId": instance.image_id,
        "instanceType": instance.instance_type,
        "privateIp": instance.private_ip,
        "architecture": "x86_64",
    }
