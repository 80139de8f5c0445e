"""The boto3 client of an engine: made once, from settings, giving answers' bodies as they came."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import NoRegionError, ProfileNotFound
from botocore.session import get_session

from sqlalchemy_dynamorm.client.failures import ChecksumMismatch
from sqlalchemy_dynamorm.client.settings import Settings
from sqlalchemy_dynamorm.errors import AccessDenied, InterfaceError
from sqlalchemy_dynamorm.run.decode import to_body

RAW = "DynamormBody"
LOCAL_REGION = "us-east-1"
LOCAL_KEY = "local"
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


Send = Callable[[str, Mapping[str, Any]], bytes]
"""Sends one request, an operation and its parameters; gives the answer's body, or raises what botocore does."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A boto3 client, and how its requests are sent."""

    client: Any
    send: Send


def connect(settings: Settings, endpoint_url: str | None, service: str = "dynamodb") -> Connected:
    """A client as :func:`make_client` makes it, whose requests go the way that the settings say."""
    client = make_client(settings, endpoint_url, service)
    if settings.client == "plain" or service != "dynamodb":
        return Connected(client, partial(call, client))
    from sqlalchemy_dynamorm.client.lean import sender

    return Connected(client, sender(client))


def make_client(settings: Settings, endpoint_url: str | None, service: str = "dynamodb") -> Any:
    """A client of DynamoDB.

    :param endpoint_url: the embedded server's, or the settings' own. Local servers have streams in the same place; of
        AWS's they are elsewhere, where botocore knows.
    :param service: ``dynamodbstreams`` for the one that reads streams.
    :raises InterfaceError: no region is given and none is configured.
    :raises AccessDenied: the profile does not exist.
    """
    try:
        session = _session(settings, endpoint_url)
        client = session.client(
            service,
            region_name=_region(settings, session, endpoint_url),
            endpoint_url=None if service != "dynamodb" and _is_aws(endpoint_url) else endpoint_url,
            config=_config(settings, endpoint_url),
        )
    except NoRegionError:
        raise InterfaceError(
            "No AWS region: write it as the URL's host (dynamodb://eu-west-1), or set AWS_REGION or the profile's."
        ) from None
    except ProfileNotFound as missing:
        raise AccessDenied(f"{missing}. Check profile= and the AWS configuration files.") from None
    client.meta.events.register(f"before-parse.{client.meta.service_model.service_id.hyphenize()}", keep_body)
    return client


def _is_aws(endpoint_url: str | None) -> bool:
    return endpoint_url is not None and (urlsplit(endpoint_url).hostname or "").endswith(_AWS)


def is_loopback(endpoint_url: str | None) -> bool:
    """Whether an endpoint is on this machine."""
    return endpoint_url is not None and urlsplit(endpoint_url).hostname in _LOOPBACK


def _session(settings: Settings, endpoint_url: str | None) -> boto3.Session:
    session = _plain_session(settings, local=is_loopback(endpoint_url))
    if settings.role_arn is not None:
        return _assumed(session, settings.role_arn, settings)
    if not is_loopback(endpoint_url):
        return session
    # Local servers want some credentials and some region, whichever; what the user has configured goes first.
    # The embedded one keeps its tables by both, so they are always the same there.
    if settings.embedded or session.get_credentials() is None:
        return boto3.Session(LOCAL_KEY, LOCAL_KEY, region_name=session.region_name)
    return session


def _region(settings: Settings, session: boto3.Session, endpoint_url: str | None) -> str | None:
    if settings.embedded:
        return LOCAL_REGION
    return session.region_name or (LOCAL_REGION if is_loopback(endpoint_url) else None)


def _plain_session(settings: Settings, *, local: bool) -> boto3.Session:
    core = get_session()
    if settings.profile is not None:
        core.set_config_variable("profile", settings.profile)
    if local:
        # A local server is no reason to ask the network for an EC2 instance's role, and to wait for its silence.
        core.get_component("credential_provider").remove("iam-role")
    return boto3.Session(
        aws_access_key_id=settings.aws_access_key_id,
        aws_secret_access_key=settings.aws_secret_access_key,
        aws_session_token=settings.aws_session_token,
        region_name=settings.region,
        botocore_session=core,
    )


class _RoleProvider(CredentialProvider):
    """Credentials of an assumed role, refreshed as they expire."""

    METHOD = "dynamorm-assume-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(self._fetcher.fetch_credentials, self.METHOD)


def _assumed(session: boto3.Session, role_arn: str, settings: Settings) -> boto3.Session:
    """A session that has assumed the role."""
    source = session.get_credentials()
    if source is None:
        raise AccessDenied("role_arn needs credentials to assume the role with, and there are none.")
    extra = {"ExternalId": settings.external_id} if settings.external_id else {}
    core = get_session()
    fetcher = AssumeRoleCredentialFetcher(core.create_client, source, role_arn, extra_args=extra)
    core.register_component("credential_provider", CredentialResolver([_RoleProvider(fetcher)]))
    return boto3.Session(botocore_session=core, region_name=settings.region or session.region_name)


def _config(settings: Settings, endpoint_url: str | None) -> Config:
    return Config(
        # Retries are ours (client/retry.py): botocore's would send an unconditional update twice.
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        max_pool_connections=settings.max_pool_connections,
        parameter_validation=False,
        tcp_keepalive=True,
        # A fixed text: botocore builds its own anew twice a call, a tenth of what a PutItem costs this process.
        user_agent=f"Boto3/{boto3.__version__} sqlalchemy-dynamorm",
        proxies={} if is_loopback(endpoint_url) else None,
    )


def keep_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take a good answer's body as it is, so that botocore does not parse it."""
    if response_dict["status_code"] >= 300:
        return
    body = response_dict["body"]
    checksum = response_dict["headers"].get("x-amz-crc32")
    length = response_dict["headers"].get("content-length")
    # botocore takes what came before the connection broke for the whole body.
    if (checksum is not None and zlib.crc32(body) != int(checksum)) or (length is not None and len(body) < int(length)):
        raise ChecksumMismatch
    customized_response_dict[RAW] = body
    response_dict["body"] = b"{}"


def call(client: Any, operation: str, params: Mapping[str, Any]) -> bytes:
    """Send one request botocore's way; returns the answer's body."""
    answer = client._make_api_call(operation, dict(params))
    body = answer.get(RAW)
    # A Stubber, or a hook that answers before anything is sent, gives a parsed answer and no body.
    return body if isinstance(body, bytes) else to_body(answer)
