from __future__ import annotations

import datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from sqlalchemy_dynamorm.client.signature import Signed, Signer

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1)
SECRETS = st.text("ABCDEFabcdef0123456789/+=", min_size=1)


def botocores(signed: Signed, credentials: Credentials, time: datetime.datetime, body: bytes) -> str:
    """The header that botocore's own signer writes."""
    request = AWSRequest("POST", f"https://{signed.host}{signed.path}", data=body)
    request.headers["X-Amz-Target"] = signed.target
    request.headers["Content-Type"] = signed.content_type
    request.headers["User-Agent"] = "anything"
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ")
    auth: Any = SigV4Auth(credentials, signed.service, signed.region)
    auth._modify_request_before_signing(request)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(text, request))
    found: str = request.headers["Authorization"]
    return found


@given(
    st.builds(
        Signed,
        path=st.just("/"),
        host=st.sampled_from(["dynamodb.eu-west-1.amazonaws.com", "localhost:8000", "[::1]:8000"]),
        content_type=st.just("application/x-amz-json-1.0"),
        target=st.sampled_from(["DynamoDB_20120810.GetItem", "DynamoDB_20120810.TransactWriteItems"]),
        region=NAMES,
        service=NAMES,
    ),
    st.lists(st.tuples(SECRETS, SECRETS, st.none() | SECRETS), min_size=1, max_size=3),
    st.lists(st.datetimes(timezones=st.just(datetime.timezone.utc)), min_size=1, max_size=3),
    st.binary(min_size=1),
)
def test_it_is_botocores_to_the_byte_with_a_session_token_too(
    signed: Signed,
    identities: list[tuple[str, str, str | None]],
    times: list[datetime.datetime],
    body: bytes,
) -> None:
    signer = Signer(signed)
    for identity in identities:
        credentials = Credentials(*identity)
        frozen: Any = credentials.get_frozen_credentials()
        for time in times:
            ours = signer.authorization(frozen, time.strftime("%Y%m%dT%H%M%SZ"), body)
            assert ours == botocores(signed, credentials, time, body)
