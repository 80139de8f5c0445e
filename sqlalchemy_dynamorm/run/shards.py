"""The shards of a stream, and which of them are to be read: a child after its parent has ended.

A shard ends after some hours, or where its partition is split, and its children go on. What is read by now is told by
the shards that are being read alone: their ancestors are done, so the list stays as short as the table has partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import OperationalError, UndefinedTable
from sqlalchemy_dynamorm.run.copy_marks import Reached
from sqlalchemy_dynamorm.run.request import Asking, Request

Parents = Mapping[str, "str | None"]
"""Each shard's parent, as DescribeStream lists them."""


def shards_of(arn: str) -> Asking[tuple[str, dict[str, str | None]]]:
    """The status of a stream, and its shards with their parents.

    :raises StreamLost: there is no such stream any more.
    """
    parents: dict[str, str | None] = {}
    after: dict[str, Any] = {}
    while True:
        try:
            body = yield Request("DescribeStream", {"StreamArn": arn, **after})
        except UndefinedTable:
            raise lost(arn, "is gone") from None
        found = msgspec.json.decode(body)["StreamDescription"]
        parents |= {shard["ShardId"]: shard.get("ParentShardId") for shard in found.get("Shards", ())}
        if (last := found.get("LastEvaluatedShardId")) is None:
            return str(found.get("StreamStatus", "ENABLED")), parents
        after = {"ExclusiveStartShardId": last}


def front(listed: Parents, known: Mapping[str, Reached], arn: str) -> dict[str, Reached]:
    """The shards to go on with: those that are being read, and others whose parents are done.

    :raises StreamLost: one that was not read to its end is gone: the service keeps records for 24 hours.
    """
    if any(not reached.ended and shard not in listed for shard, reached in known.items()):
        raise lost(arn, FORGOTTEN)
    done = set(_ancestors(listed, known)) | {shard for shard, reached in known.items() if reached.ended}
    found = {shard: reached for shard, reached in known.items() if shard in listed}
    for shard, parent in listed.items():
        if shard not in known and shard not in done and (parent not in listed or parent in done):
            found[shard] = Reached()
    older = set(_ancestors(listed, found))
    return {shard: reached for shard, reached in found.items() if not (reached.ended and shard in older)}


def _ancestors(listed: Parents, shards: Iterable[str]) -> Iterable[str]:
    for shard in shards:
        parent = listed.get(shard)
        while parent is not None:
            yield parent
            parent = listed.get(parent)


class StreamLost(OperationalError):
    """Records of a stream are gone that were not read."""


FORGOTTEN = "was not read for 24 hours, after which the service forgets"


def lost(arn: str, what: str) -> StreamLost:
    """What was written to the table meanwhile is told by nobody any more.

    :param what: has become of the stream.
    """
    table = arn.partition(":table/")[2].partition("/")[0]
    return StreamLost(
        f"The stream of {table!r} {what}, so what was written to the table meanwhile is not known: the copy begins to "
        "follow it anew, and compares all items. If this is an error, run the statement again.",
        table=table,
    )
