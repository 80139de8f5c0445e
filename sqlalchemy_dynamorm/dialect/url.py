"""An engine URL to the options it stands for: ``dynamodb://KEY:SECRET@eu-west-1/schema?scan=allow`` and the rest."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import URL

from sqlalchemy_dynamorm.client.settings import OPTIONS
from sqlalchemy_dynamorm.errors import InterfaceError

# us-east-1, us-gov-west-1, eusc-de-east-1. Source: the AWS general reference, "Regional endpoints".
_REGION = re.compile(r"[a-z]{2,5}(-[a-z]+)+-\d{1,2}")
_WRITTEN_ELSEWHERE = {
    "aws_access_key_id": "write it before the host, KEY:SECRET@",
    "aws_secret_access_key": "write it before the host, KEY:SECRET@, where SQLAlchemy hides it in messages",
    "embedded": "write dynamodb+local://",
    "folder": "write dynamodb+local:// followed by the folder",
}


def service_options(url: URL, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options in a ``dynamodb://`` URL.

    :param given: the options given beside the URL; ``ssl`` decides about ``http`` or ``https``.
    :raises InterfaceError: a host that is neither a region nor ``host:port``, half a pair of credentials, a path of
        more than one segment, an unknown option, one that contradicts the rest of the URL.
    """
    options = _query(url)
    _add(options, "default_schema", _schema(url), "the URL's path")
    options.update(_credentials(url))
    if url.port is not None:
        ssl = {**options, **given}.get("ssl")
        _add(options, "endpoint_url", _endpoint(url, ssl), "the URL's host and port")
    elif url.host:
        _add(options, "region", _region(url.host), "the URL's host")
    return options


def local_options(url: URL) -> dict[str, Any]:
    """The options in a ``dynamodb+local://`` URL.

    :raises InterfaceError: a host, a user or a port, both a folder and a name, an unknown option.
    """
    if url.host or url.username or url.password or url.port is not None:
        raise InterfaceError(
            "dynamodb+local:// starts a server of its own, so it takes no host, user or password. Write "
            "dynamodb+local:///?name=x to share it in this process, dynamodb+local:////var/data to keep it in a "
            "folder, or dynamodb://host:port for a server that runs already."
        )
    options = _query(url)
    if url.database:
        options["folder"] = url.database
    return {**options, "embedded": True}


def _query(url: URL) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in url.query.items():
        if name in _WRITTEN_ELSEWHERE:
            raise InterfaceError(f"The URL's option {name!r} does not belong there: {_WRITTEN_ELSEWHERE[name]}.")
        if name not in OPTIONS:
            known = ", ".join(sorted(set(OPTIONS) - set(_WRITTEN_ELSEWHERE)))
            raise InterfaceError(f"The URL has an unknown option {name!r}. The options are: {known}.")
        if not isinstance(value, str):
            raise InterfaceError(f"The URL's option {name!r} stands there {len(value)} times; write it once.")
        options[name] = value
    return options


def _add(options: dict[str, Any], name: str, value: str | None, source: str) -> None:
    if value is None:
        return
    if options.get(name, value) != value:
        raise InterfaceError(f"The URL's option {name!r} contradicts {source}; write one of them.")
    options[name] = value


def _schema(url: URL) -> str | None:
    if not url.database:
        return None
    if "/" in url.database:
        raise InterfaceError(
            "The URL's path is the default schema, one segment; it has more than one. Write dynamodb://host/schema, "
            "or ?default_schema= for a schema with a slash."
        )
    return url.database


def _credentials(url: URL) -> dict[str, str]:
    if not url.username and not url.password:
        return {}
    if not url.username or not url.password:
        raise InterfaceError(
            "The URL has half a pair of credentials: write KEY:SECRET@ before the host, each URL-encoded, or neither "
            "for the usual AWS chain."
        )
    return {"aws_access_key_id": url.username, "aws_secret_access_key": str(url.password)}


def _region(host: str) -> str:
    if _REGION.fullmatch(host):
        return host
    if _is_loopback(host):
        raise InterfaceError(f"The URL names the host {host!r} without a port; add it, as in dynamodb://{host}:8000.")
    raise InterfaceError(
        f"The URL's host {host!r} is neither an AWS region (dynamodb://eu-west-1) nor an endpoint with its port "
        "(dynamodb://db.example.com:8000)."
    )


def _endpoint(url: URL, ssl: Any) -> str:
    host = url.host or ""
    if not host:
        raise InterfaceError(f"The URL has the port {url.port} without a host; write dynamodb://localhost:{url.port}.")
    if ssl is None:
        scheme = "http" if _is_loopback(host) else "https"
    else:
        scheme = "https" if str(ssl).lower() in ("true", "1", "yes") else "http"
    return f"{scheme}://[{host}]:{url.port}" if ":" in host else f"{scheme}://{host}:{url.port}"


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
