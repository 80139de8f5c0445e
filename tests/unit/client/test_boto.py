from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import Stubber

from sqlalchemy_dynamorm.client.boto import LOCAL_KEY, LOCAL_REGION, call, is_loopback, make_client
from sqlalchemy_dynamorm.client.settings import settings
from sqlalchemy_dynamorm.errors import AccessDenied, InterfaceError

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials and no region of the developer's."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)


def credentials(client: Any) -> Any:
    return client._request_signer._credentials


def test_times_and_attempts_are_ours() -> None:
    config = make_client(settings({**KEYS, "region": "eu-west-1", "read_timeout": 4}), None).meta.config
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (3.0, 4.0, 32)


def test_a_region_is_needed() -> None:
    with pytest.raises(InterfaceError, match="No AWS region"):
        make_client(settings(KEYS), None)


def test_a_local_server_needs_neither_region_nor_credentials() -> None:
    client = make_client(settings({}), "http://127.0.0.1:8000")
    assert client.meta.region_name == LOCAL_REGION
    assert credentials(client).access_key == LOCAL_KEY
    given = make_client(settings({**KEYS, "region": "eu-west-1"}), "http://127.0.0.1:8000")
    assert given.meta.region_name == "eu-west-1"
    assert credentials(given).access_key == "testing"


def test_the_embedded_server_keeps_its_tables_by_credentials_that_are_always_the_same() -> None:
    client = make_client(settings({**KEYS, "region": "eu-west-1", "embedded": True}), "http://127.0.0.1:8000")
    assert (client.meta.region_name, credentials(client).access_key) == (LOCAL_REGION, LOCAL_KEY)


def test_a_missing_profile_is_named() -> None:
    with pytest.raises(AccessDenied, match="nobody_has_this"):
        make_client(settings({"profile": "nobody_has_this", "region": "eu-west-1"}), None)


def test_a_role_needs_credentials_to_assume_it(monkeypatch: pytest.MonkeyPatch) -> None:
    role = {"role_arn": "arn:aws:iam::123456789012:role/r", "region": "eu-west-1"}
    with pytest.raises(AccessDenied, match="there are none"):
        make_client(settings(role), None)
    assumed = make_client(settings({**role, **KEYS}), None)
    assert credentials(assumed).method == "dynamorm-assume-role"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:8000", True),
        ("https://db", False),
        (None, False),
    ],
)
def test_loopback(url: str | None, local: bool) -> None:
    assert is_loopback(url) is local


def test_an_answer_that_botocore_has_parsed_is_json_again() -> None:
    client = make_client(settings({**KEYS, "region": "eu-west-1"}), None)
    with Stubber(client) as stub:
        stub.add_response("get_item", {"Item": {"id": {"B": b"\x00\x01"}}}, {"TableName": "users", "Key": {}})
        body = call(client, "GetItem", {"TableName": "users", "Key": {}})
    assert json.loads(body) == {"Item": {"id": {"B": "AAE="}}}
