"""The options of a table: what they are, and one change after the other to what is wanted.

The service takes one kind of change an UpdateTable, and the next when the table is ACTIVE again. What is so already
is not sent: it would be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from sqlalchemy_dynamorm.errors import AccessDenied, Error, ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.table_options import TableOptions, Tags
from sqlalchemy_dynamorm.run.request import Asking, Request
from sqlalchemy_dynamorm.run.waiting import DEFAULT, Description, Patience, patiently, wait_active

Params = dict[str, Any]
_UNKNOWN = ("UnknownOperationException", "UnknownOperation", "NotImplemented")
_ASKED: dict[str, tuple[str, str]] = {
    "ttl": ("DescribeTimeToLive", "TimeToLiveDescription"),
    "pitr": ("DescribeContinuousBackups", "ContinuousBackupsDescription"),
    "tags": ("ListTagsOfResource", "Tags"),
}
"""What DescribeTable does not tell: the operation that does, and the part of its answer."""


def options_there(description: Description, names: frozenset[str] = frozenset(_ASKED)) -> Asking[TableOptions]:
    """The options of a table; of those that DescribeTable does not tell, the ones in ``names``.

    A server that has none of an operation has none of the option either.

    :raises Error: the service does not tell.
    """
    asked, there = [name for name in _ASKED if name in names], described_options(description)
    if not asked:
        return there
    answers = yield [_question(description, name) for name in asked]
    return replace(there, **{name: _answer(name, answer) for name, answer in zip(asked, answers, strict=True)})


def options_seen(description: Description) -> Asking[tuple[TableOptions, list[AccessDenied]]]:
    """The options of a table that may be seen, and why others may not."""
    answers = yield [_question(description, name) for name in _ASKED]
    refused = [answer for answer in answers if isinstance(answer, AccessDenied)]
    told = {
        name: _answer(name, answer)
        for name, answer in zip(_ASKED, answers, strict=True)
        if not isinstance(answer, AccessDenied)
    }
    return replace(described_options(description), **told), refused


def _question(description: Description, name: str) -> Request:
    of = {"ResourceArn": description["TableArn"]} if name == "tags" else {"TableName": description["TableName"]}
    return Request(_ASKED[name][0], of)


def _answer(name: str, answer: bytes | Error) -> Any:
    if isinstance(answer, Error):
        if answer.code not in _UNKNOWN:
            raise answer
        return () if name == "tags" else False
    told = msgspec.json.decode(answer).get(_ASKED[name][1]) or {}
    if name == "tags":
        pairs = ((tag["Key"], tag["Value"]) for tag in told)
        return tuple(sorted(pair for pair in pairs if not pair[0].startswith("aws:")))
    if name == "pitr":
        recovery = told.get("PointInTimeRecoveryDescription", {})
        return recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    return told.get("AttributeName") if told.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else False


def described_options(description: Description) -> TableOptions:
    """The options that DescribeTable tells."""
    # A table that was never billed by request has no summary.
    mode = description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    capacity = description.get("ProvisionedThroughput", {}) if mode == "PROVISIONED" else {}
    stream = description.get("StreamSpecification", {})
    sse = description.get("SSEDescription", {})
    warm = description.get("WarmThroughput", {})
    encrypted = sse.get("Status") in ("ENABLED", "ENABLING", "UPDATING")
    return TableOptions(
        billing_mode=mode,
        read_capacity=capacity.get("ReadCapacityUnits"),
        write_capacity=capacity.get("WriteCapacityUnits"),
        stream=stream.get("StreamViewType", False) if stream.get("StreamEnabled") else False,
        deletion_protection=bool(description.get("DeletionProtectionEnabled")),
        table_class=description.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        sse=sse.get("KMSMasterKeyArn", True) if encrypted else False,
        warm_throughput=(warm["ReadUnitsPerSecond"], warm["WriteUnitsPerSecond"]) if warm else None,
    )


def differing(there: TableOptions, wanted: TableOptions) -> list[str]:
    """The names of the options that are wanted otherwise than they are."""
    return [name for name, value in wanted.given.items() if not _same(name, getattr(there, name), value)]


def _same(name: str, there: Any, wanted: Any) -> bool:
    if name == "sse" and there and wanted:
        # An alias cannot be told from the key that it stands for, nor AWS's own key from another.
        return wanted is True or str(wanted).startswith("alias/") or str(there).endswith(str(wanted))
    if name == "warm_throughput" and there is not None:
        return all(units >= least for units, least in zip(there, wanted, strict=True))
    return bool(there == wanted)


def creation_params(options: TableOptions) -> Params:
    """What CreateTable takes of them; the rest is set when the table is ACTIVE."""
    params: Params = {"BillingMode": options.billing_mode or "PAY_PER_REQUEST"}
    if options.read_capacity is not None and options.write_capacity is not None:
        params["ProvisionedThroughput"] = throughput(options.read_capacity, options.write_capacity)
    if options.stream:
        params["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": options.stream}
    if options.deletion_protection:
        params["DeletionProtectionEnabled"] = True
    if options.table_class is not None:
        params["TableClass"] = options.table_class
    if options.sse:
        params["SSESpecification"] = _encryption(options.sse)
    if options.tags:
        params["Tags"] = _tag_list(options.tags)
    if options.warm_throughput is not None:
        params["WarmThroughput"] = warm(options.warm_throughput)
    return params


def throughput(read: int, write: int) -> Params:
    """``ProvisionedThroughput``."""
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def warm(units: tuple[int, int]) -> Params:
    """``WarmThroughput``."""
    return {"ReadUnitsPerSecond": units[0], "WriteUnitsPerSecond": units[1]}


def _encryption(sse: str | bool) -> Params:
    if not sse:
        return {"Enabled": False}
    key = {} if sse is True else {"KMSMasterKeyId": sse}
    return {"Enabled": True, "SSEType": "KMS", **key}


def _tag_list(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags]


def set_options(physical: str, wanted: TableOptions, patience: Patience = DEFAULT) -> Asking[None]:
    """Change what differs, one change at a time, each waited for.

    :raises ProgrammingError: a capacity of a table that is billed by request.
    :raises Unsupported: the server has no such option.
    """
    if not wanted.given:
        return
    description = yield from wait_active(physical, patience)
    there = yield from options_there(description, frozenset(wanted.given))
    missing = differing(there, wanted)
    _check_capacity(there, wanted, physical)
    changed = False
    for names, requests in _CHANGES.items():
        if any(name in missing for name in names):
            for request in requests(description, there, wanted):
                yield from _applied(request, names, physical, patience)
                changed = changed or request.operation == "UpdateTable"
    if changed:
        _verify(physical, (yield from wait_active(physical, patience)), wanted)


def _check_capacity(there: TableOptions, wanted: TableOptions, physical: str) -> None:
    mode = wanted.billing_mode or there.billing_mode
    given = (wanted.read_capacity, wanted.write_capacity)
    if mode != "PROVISIONED" and given != (None, None):
        raise ProgrammingError(
            f"The table {physical!r} is billed by request, which has no read_capacity and write_capacity. Set "
            "billing_mode='PROVISIONED' with them.",
            table=physical,
        )
    if mode == "PROVISIONED" and there.billing_mode != "PROVISIONED" and None in given:
        raise ProgrammingError(
            f"To make {physical!r} PROVISIONED, set read_capacity and write_capacity with it.", table=physical
        )


def _applied(request: Request, names: Sequence[str], physical: str, patience: Patience) -> Asking[None]:
    try:
        yield from patiently(request, physical, patience)
    except Error as error:
        # A server that does not know an option takes it for an UpdateTable that says nothing.
        if error.code in _UNKNOWN or "At least one of" in str(error):
            raise _cannot(physical, names) from None
        raise
    if request.operation == "UpdateTable":
        yield from wait_active(physical, patience)  # one change at a time


def _cannot(physical: str, names: Sequence[str]) -> Unsupported:
    return Unsupported(
        f"The server of {physical!r} does not have the option {', '.join(names)}, so it was not set; the table is "
        "there, and what else was asked for is done. Leave the option out on this server.",
        table=physical,
    )


def _verify(physical: str, description: Description, wanted: TableOptions) -> None:
    """Some servers answer an UpdateTable with success and do nothing."""
    told = {name: value for name, value in wanted.given.items() if name not in _ASKED}
    left = differing(described_options(description), TableOptions(**told))
    if left:
        raise _cannot(physical, left)


def _billing(description: Description, there: TableOptions, wanted: TableOptions) -> Iterator[Request]:
    mode = wanted.billing_mode or there.billing_mode
    params: Params = {"BillingMode": mode}
    if mode == "PROVISIONED":
        read, write = wanted.read_capacity or there.read_capacity, wanted.write_capacity or there.write_capacity
        params["ProvisionedThroughput"] = throughput(read or 1, write or 1)
        if there.billing_mode != "PROVISIONED":
            indexes = [index["IndexName"] for index in description.get("GlobalSecondaryIndexes") or ()]
            updates = [
                {"Update": {"IndexName": name, "ProvisionedThroughput": params["ProvisionedThroughput"]}}
                for name in indexes
            ]
            params |= {"GlobalSecondaryIndexUpdates": updates} if updates else {}
    yield _update(description, params)


def _stream(description: Description, there: TableOptions, wanted: TableOptions) -> Iterator[Request]:
    if there.stream:  # one that runs is not changed, but ended and begun anew
        yield _update(description, {"StreamSpecification": {"StreamEnabled": False}})
    if wanted.stream:
        specification = {"StreamEnabled": True, "StreamViewType": wanted.stream}
        yield _update(description, {"StreamSpecification": specification})


def _update(description: Description, params: Params) -> Request:
    return Request("UpdateTable", {"TableName": description["TableName"], **params}, repeatable=False)


def _one(name: str, params: Callable[[Any], Params]) -> Callable[..., Iterator[Request]]:
    def requests(description: Description, _: TableOptions, wanted: TableOptions) -> Iterator[Request]:
        yield _update(description, params(getattr(wanted, name)))

    return requests


def _ttl(description: Description, there: TableOptions, wanted: TableOptions) -> Iterator[Request]:
    # Of another attribute it has to be ended first. The service takes one change an hour, and says so.
    names = [(there.ttl, False)] if there.ttl else []
    names += [(wanted.ttl, True)] if wanted.ttl else []
    for name, enabled in names:
        specification = {"AttributeName": name, "Enabled": enabled}
        params = {"TableName": description["TableName"], "TimeToLiveSpecification": specification}
        yield Request("UpdateTimeToLive", params)


def _pitr(description: Description, _: TableOptions, wanted: TableOptions) -> Iterator[Request]:
    specification = {"PointInTimeRecoveryEnabled": wanted.pitr}
    params = {"TableName": description["TableName"], "PointInTimeRecoverySpecification": specification}
    yield Request("UpdateContinuousBackups", params)


def _tags(description: Description, there: TableOptions, wanted: TableOptions) -> Iterator[Request]:
    old, new = dict(there.tags or ()), dict(wanted.tags or ())
    arn = {"ResourceArn": description["TableArn"]}
    if gone := sorted(old.keys() - new.keys()):
        yield Request("UntagResource", {**arn, "TagKeys": gone})
    if new:
        yield Request("TagResource", {**arn, "Tags": _tag_list(tuple(sorted(new.items())))})


_CHANGES: Mapping[tuple[str, ...], Callable[[Description, TableOptions, TableOptions], Iterator[Request]]] = {
    ("billing_mode", "read_capacity", "write_capacity"): _billing,
    ("table_class",): _one("table_class", lambda value: {"TableClass": value}),
    ("sse",): _one("sse", lambda value: {"SSESpecification": _encryption(value)}),
    ("warm_throughput",): _one("warm_throughput", lambda value: {"WarmThroughput": warm(value)}),
    ("stream",): _stream,
    ("ttl",): _ttl,
    ("pitr",): _pitr,
    ("tags",): _tags,
    ("deletion_protection",): _one("deletion_protection", lambda value: {"DeletionProtectionEnabled": value}),
}
"""The requests of each kind of change, in their order."""
