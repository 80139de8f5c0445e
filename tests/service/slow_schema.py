"""Alembic's command line on a service as slow as the real one: what changes is not ACTIVE at once, and refuses changes.

``python -m tests.service.slow_schema upgrade head``; the local servers are done before they answer. A changed table is
CREATING or UPDATING for a while, its new index is being filled, and UpdateTable and DeleteTable are refused until then;
now and then, too many changes are said to be at work.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

from alembic.config import main
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from sqlalchemy_dynamorm.run import copied_items
from tests.faults import _answer, _body, operation_of, refusal

LONGEST = 0.4  # seconds until a table is ACTIVE
REFUSED = 0.15  # the share of changes that are refused as too many
_CHANGES = frozenset({"CreateTable", "UpdateTable", "DeleteTable"})


class SlowSchema:
    """What a process is told of its tables."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._busy: dict[str, tuple[str, float]] = {}

    def send(self, send: Callable[[], AWSResponse], request: AWSPreparedRequest) -> AWSResponse:
        """Send a request, or answer it as a busy service would."""
        operation = operation_of(request)
        if operation in _CHANGES:
            return self._change(operation, send, _body(request)["TableName"])
        if operation == "DescribeTable":
            return self._described(send(), _body(request)["TableName"])
        return send()

    def _change(self, operation: str, send: Callable[[], AWSResponse], table: str) -> AWSResponse:
        if self._is_busy(table):
            return refusal("ResourceInUseException", message="Attempt to change a resource which is still in use")
        if self._random.random() < REFUSED:
            return refusal("LimitExceededException", message="Too many tables or indexes are being changed at once")
        response = send()
        if response.status_code == 200 and operation != "DeleteTable":
            status = "CREATING" if operation == "CreateTable" else "UPDATING"
            self._busy[table] = status, time.monotonic() + self._random.uniform(0, LONGEST)
        return response

    def _is_busy(self, table: str) -> bool:
        return time.monotonic() < self._busy.get(table, ("", 0.0))[1]

    def _described(self, response: AWSResponse, table: str) -> AWSResponse:
        if response.status_code != 200 or not self._is_busy(table):
            return response
        answer: dict[str, Any] = json.loads(response.content)
        status = answer["Table"]["TableStatus"] = self._busy[table][0]
        for index in answer["Table"].get("GlobalSecondaryIndexes", [])[-1:]:
            index.update(IndexStatus="CREATING", Backfilling=status == "UPDATING")
        return _answer(answer, 200)


def run() -> None:
    """Run Alembic with this process's arguments."""
    slow = SlowSchema(int(os.environ["SLOW_SEED"]))
    copied_items.PAGE = int(os.environ.get("SLOW_PAGE", copied_items.PAGE))
    send = URLLib3Session.send

    def slowly(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        return slow.send(lambda: send(session, request), request)

    with mock.patch.object(URLLib3Session, "send", slowly):
        main(sys.argv[1:])


if __name__ == "__main__":
    run()
