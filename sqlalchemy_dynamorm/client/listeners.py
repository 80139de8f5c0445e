"""Who else takes part in a call of a boto3 client: hooks, stubs, tracers, and what tests put in botocore's place.

Where anybody does, requests go botocore's way, so that all of them see what they always see.
"""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable
from types import FunctionType
from typing import Any

from botocore import awsrequest
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from botocore.httpsession import URLLib3Session

EVENTS = (
    "provide-client-params before-parameter-build before-endpoint-resolution before-call request-created choose-signer "
    "before-sign before-send before-parse response-received needs-retry after-call after-call-error"
).split()
"""What botocore emits in a call."""

_TRACE = "botocore.handlers.add_recursion_detection_header"
_BOTOCORES = frozenset(
    {
        _TRACE,
        # They write what a route has learned, or see to operations and settings that do not come here.
        "botocore.handlers.generate_idempotent_uuid",
        "botocore.handlers._handle_request_validation_mode_member",
        "botocore.handlers.add_query_compatibility_header",
        "botocore.handlers.inject_api_version_header_if_needed",
        "botocore.handlers.add_retry_headers",
        "botocore.handlers.set_operation_specific_signer",
        "botocore.handlers._set_auth_scheme_preference_signer",
        "botocore.discovery.block_endpoint_discovery_required_operations",
        "botocore.signers.RequestSigner.handler",
        "botocore.useragent.UserAgentString.rebuild_and_replace_user_agent_handler",
        # Of the retries of a client that has one attempt.
        "botocore.retries.standard.MaxAttemptsSeeder.seed_max_attempts",
        "botocore.retries.standard.RetryHandler.needs_retry",
        "botocore.retries.standard.RetryQuotaChecker.release_retry_quota",
    }
)
"""botocore's own handlers of these events, in the releases from 1.35 to 1.44. One that is not here is somebody's."""

_CONNECTIONS = (http.client.HTTPConnection, awsrequest.AWSHTTPConnection)
_PARTS: tuple[tuple[type, str], ...] = (
    (BaseClient, "_make_api_call"),
    (Endpoint, "make_request"),
    (Endpoint, "_send"),
    (URLLib3Session, "send"),
    (awsrequest.AWSHTTPConnectionPool, "urlopen"),
    *((kind, name) for kind in _CONNECTIONS for name in ("request", "putrequest", "getresponse")),
)
"""What tracers and test doubles replace."""
_PACKAGES = ("botocore", "urllib3", "http")
_CLASSES: tuple[tuple[Any, Any], ...] = (
    (awsrequest.AWSHTTPConnectionPool, awsrequest.AWSHTTPConnection),
    (awsrequest.AWSHTTPSConnectionPool, awsrequest.AWSHTTPSConnection),
)
"""The pools and their connections; a recorder of HTTP puts its own in their place."""
_LOGGER = logging.getLogger("botocore.endpoint")


class Listeners:
    """Watches one client.

    :param own: the handlers that are this project's.
    """

    def __init__(self, client: Any, own: tuple[Callable[..., Any], ...]) -> None:
        self._client = client
        self._own = own
        self._emitter = client.meta.events._emitter
        self._parts = [(owner, name, getattr(owner, name)) for owner, name in _PARTS]
        self._pristine = all(_is_own(part) for *_, part in self._parts)
        self._heard: tuple[object, dict[str, bool]] = (None, {})

    def there_are(self, operation: str) -> bool:
        """Whether anybody but botocore takes part in a call of an operation."""
        cache, (seen, known) = self._emitter._lookup_cache, self._heard
        if cache is not seen:  # botocore makes another one at each registration, whosever it is
            known = {}
            self._heard = (cache, known)
        heard = known.get(operation)
        if heard is None:
            heard = known[operation] = self._is_heard(operation)
        return heard or self._is_replaced() or _LOGGER.isEnabledFor(logging.DEBUG)

    def _is_heard(self, operation: str) -> bool:
        found = self._emitter._handlers.prefix_search
        handlers = [each for event in EVENTS for each in found(f"{event}.dynamodb.{operation}")]
        return any(each not in self._own and _name(each) not in _BOTOCORES for each in handlers)

    def _is_replaced(self) -> bool:
        if not self._pristine or "_make_api_call" in self._client.__dict__:
            return True
        for owner, name, part in self._parts:
            if getattr(owner, name) is not part:
                return True
        return any(pool.ConnectionCls is not kind for pool, kind in _CLASSES)


def _is_own(part: Any) -> bool:
    """Whether a method is one of these packages' own: a wrapper's names are those of another."""
    return type(part) is FunctionType and part.__globals__["__name__"].partition(".")[0] in _PACKAGES


def _name(handler: Any) -> str:
    return f"{getattr(handler, '__module__', '')}.{getattr(handler, '__qualname__', '')}"
