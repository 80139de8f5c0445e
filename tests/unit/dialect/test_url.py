from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.engine import make_url

from sqlalchemy_dynamorm.client.settings import settings
from sqlalchemy_dynamorm.dialect.url import local_options, service_options
from sqlalchemy_dynamorm.errors import InterfaceError


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("dynamodb://", {}),
        ("dynamodb://eu-west-1", {"region": "eu-west-1"}),
        ("dynamodb://us-gov-west-1", {"region": "us-gov-west-1"}),
        (
            "dynamodb://KEY:S%2FECRET@eu-west-1/staging",
            {
                "region": "eu-west-1",
                "aws_access_key_id": "KEY",
                "aws_secret_access_key": "S/ECRET",
                "default_schema": "staging",
            },
        ),
        ("dynamodb://localhost:8000", {"endpoint_url": "http://localhost:8000"}),
        ("dynamodb://127.0.0.1:4566/s", {"endpoint_url": "http://127.0.0.1:4566", "default_schema": "s"}),
        ("dynamodb://[::1]:8000", {"endpoint_url": "http://[::1]:8000"}),
        ("dynamodb://db.example.com:8000", {"endpoint_url": "https://db.example.com:8000"}),
        ("dynamodb://10.0.0.7:8000", {"endpoint_url": "https://10.0.0.7:8000"}),
        ("dynamodb://db:8000?ssl=false", {"endpoint_url": "http://db:8000", "ssl": "false"}),
        ("dynamodb://localhost:8000?ssl=true", {"endpoint_url": "https://localhost:8000", "ssl": "true"}),
        ("dynamodb:///staging", {"default_schema": "staging"}),
        (
            "dynamodb://localhost:8000?region=eu-west-1&scan=allow",
            {"endpoint_url": "http://localhost:8000", "region": "eu-west-1", "scan": "allow"},
        ),
    ],
)
def test_a_url_is_read(url: str, options: dict[str, Any]) -> None:
    found = service_options(make_url(url), {})
    settings(found)  # takes them
    assert found == options


def test_an_argument_decides_about_tls() -> None:
    assert service_options(make_url("dynamodb://db:8000"), {"ssl": False})["endpoint_url"] == "http://db:8000"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("dynamodb://localhost", "without a port"),
        ("dynamodb://127.0.0.1", "without a port"),
        ("dynamodb://db.example.com", "neither an AWS region"),
        ("dynamodb://eu-west", "neither an AWS region"),
        ("dynamodb://:8000", "without a host"),
        ("dynamodb://eu-west-1/a/b", "more than one"),
        ("dynamodb://KEY@eu-west-1", "half a pair"),
        ("dynamodb://:SECRET@eu-west-1", "half a pair"),
        ("dynamodb://eu-west-1?scna=allow", "unknown option 'scna'"),
        ("dynamodb://eu-west-1?scan=allow&scan=warn", "'scan' stands there 2 times"),
        ("dynamodb://eu-west-1?region=eu-west-2", "'region' contradicts the URL's host"),
        ("dynamodb://eu-west-1/a?default_schema=b", "'default_schema' contradicts the URL's path"),
        ("dynamodb://localhost:1?endpoint_url=http://x:2", "'endpoint_url' contradicts"),
        ("dynamodb://eu-west-1?aws_secret_access_key=x", "KEY:SECRET@"),
        ("dynamodb://eu-west-1?embedded=true", r"dynamodb\+local://"),
    ],
)
def test_a_wrong_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(InterfaceError, match=message):
        service_options(make_url(url), {})


def test_a_secret_is_in_no_message() -> None:
    with pytest.raises(InterfaceError) as caught:
        service_options(make_url("dynamodb://KEY:HUSH@nowhere"), {})
    assert "HUSH" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("dynamodb+local://", {"embedded": True}),
        ("dynamodb+local:///?name=x", {"embedded": True, "name": "x"}),
        ("dynamodb+local://?name=x", {"embedded": True, "name": "x"}),
        ("dynamodb+local:////var/data", {"embedded": True, "folder": "/var/data"}),
        ("dynamodb+local:///data?default_schema=s", {"embedded": True, "folder": "data", "default_schema": "s"}),
    ],
)
def test_a_local_url_is_read(url: str, options: dict[str, Any]) -> None:
    assert local_options(make_url(url)) == options


@pytest.mark.parametrize("url", ["dynamodb+local://localhost", "dynamodb+local://u:p@/", "dynamodb+local://h:1/x"])
def test_a_local_url_takes_no_host(url: str) -> None:
    with pytest.raises(InterfaceError, match="takes no host"):
        local_options(make_url(url))


def test_a_local_url_refuses_an_unknown_option() -> None:
    with pytest.raises(InterfaceError, match="unknown option 'nmae'"):
        local_options(make_url("dynamodb+local:///?nmae=x"))
