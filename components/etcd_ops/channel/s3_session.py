"""Whose credentials a bucket is reached with: those of the AWS chain, or of a role that is taken with them."""

from __future__ import annotations

from functools import partial
from typing import Any

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.session import Session

METADATA_SECONDS = 5
"""For each answer of an instance's metadata service: botocore's own second is too short for one that is slow, and who
needs credentials has to wait for them."""
SESSION_NAME = "etcd-ops"
"""By which the account's logs tell these calls from others of the role."""


def chain() -> Session:
    """A session with the credentials of the AWS chain."""
    found = Session()
    found.set_config_variable("metadata_service_timeout", METADATA_SECONDS)
    return found


def credentials(of: Session) -> Any:
    """The credentials of a session. A client that was made before there are any would never have some.

    Raises:
        NoCredentialsError: there are none, or none yet, as while a metadata service is away.
    """
    found = of.get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def session(region: str, endpoint_url: str, role_arn: str, config: Config) -> Session:
    """A session of botocore; nothing is called yet.

    Args:
        region: where the role is taken.
        endpoint_url: of a server other than AWS; empty for AWS.
        role_arn: of the role; empty for none.
        config: how long is waited for the role, and how often it is asked for.
    """
    if not role_arn:
        return chain()
    creator = partial(chain().create_client, region_name=region, endpoint_url=endpoint_url or None, config=config)
    found = Session()
    found.register_component("credential_provider", CredentialResolver([_Role(creator, role_arn)]))
    return found


class _Role(CredentialProvider):
    """A role, taken by the first call that needs it, and again before its credentials end."""

    METHOD = "assume-role"

    def __init__(self, creator: Any, role_arn: str) -> None:
        super().__init__()
        self._creator = creator
        self._role_arn = role_arn

    def load(self) -> DeferredRefreshableCredentials:
        """The role's credentials."""
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._creator,
            source_credentials=credentials(chain()),
            role_arn=self._role_arn,
            extra_args={"RoleSessionName": SESSION_NAME},
        )
        return DeferredRefreshableCredentials(method=self.METHOD, refresh_using=fetcher.fetch_credentials)
