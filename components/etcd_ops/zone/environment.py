"""The environment of everything that runs in a zone. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Mapping

_ALWAYS = frozenset({"HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER"})
_OBJECT_STORE = frozenset(
    {"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"}
)


def clean_environment(environment: Mapping[str, str], object_store: bool) -> dict[str, str]:
    """What a daemon may keep of the environment of whoever starts it.

    The daemons outlive the engine: what it sets for its plugins (PULUMI_*, GRPC_*) would be wrong later.

    Args:
        environment: the starter's.
        object_store: whether agents reach an object store: keeps AWS_*, proxies and certificate bundles.
    """
    return {name: value for name, value in environment.items() if _kept(name, object_store)}


def _kept(name: str, object_store: bool) -> bool:
    if name in _ALWAYS or name.startswith("ETCD_OPS_"):
        return True
    return object_store and (name.startswith("AWS_") or name.upper() in _OBJECT_STORE)
