"""``role_arn``: the engine asks STS for the role's credentials, with what the chain has, and uses them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from sqlalchemy_dynamorm.client.boto import make_client
from sqlalchemy_dynamorm.client.settings import settings

ANSWER = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>ID:x</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/x</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASSUMEDKEY</AccessKeyId><SecretAccessKey>assumed</SecretAccessKey>
<SessionToken>assumed-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, list[str]]]]:
    """A service that gives a role's credentials, and what it was asked."""
    asked: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{server.server_port}")
        yield asked
        server.shutdown()


def test_the_roles_credentials_sign_requests(sts: list[dict[str, list[str]]]) -> None:
    options = {
        "region": "eu-west-1",
        "aws_access_key_id": "DUMMY",
        "aws_secret_access_key": "dummy",
        "role_arn": "arn:aws:iam::123456789012:role/reader",
        "external_id": "outside",
    }
    client = make_client(settings(options), None)
    found = client._request_signer._credentials.get_frozen_credentials()
    assert (found.access_key, found.token) == ("ASSUMEDKEY", "assumed-token")
    assert sts[0]["RoleArn"] == [options["role_arn"]]
    assert sts[0]["ExternalId"] == ["outside"]
    assert client.meta.region_name == "eu-west-1"
