from __future__ import annotations

from typing import Any

import pytest

from sqlalchemy_dynamorm.errors import AccessDenied, DatabaseError, ProgrammingError, Unsupported
from sqlalchemy_dynamorm.plan.table_options import TableOptions
from sqlalchemy_dynamorm.run.table_options import described_options, differing, options_seen, set_options
from tests.scripted import Reply, done, failed
from tests.unit.run.describing import described, index

ARN = "arn:aws:dynamodb:eu-west-1:1:table/users"
ON_DEMAND: dict[str, Any] = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}, "TableArn": ARN}
UNITS: dict[str, Any] = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
NO_TTL: Reply = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
UNKNOWN = DatabaseError("what?", code="UnknownOperationException")


def setting(**wanted: Any) -> Any:
    return set_options("users", TableOptions(**wanted))


def found(reply: Reply) -> dict[str, Any]:
    assert isinstance(reply, dict)
    table: dict[str, Any] = reply["Table"]
    return table


def test_what_is_so_already_is_not_sent() -> None:
    assert done(setting()).operations == []
    same = described(**ON_DEMAND, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    played = done(setting(billing_mode="PAY_PER_REQUEST", stream="NEW_IMAGE", deletion_protection=False), same)
    assert played.operations == ["DescribeTable"]


def test_a_table_becomes_provisioned_with_its_indexes() -> None:
    before, after = described("ACTIVE", index(), **ON_DEMAND), described("ACTIVE", index(), ProvisionedThroughput=UNITS)
    played = done(setting(billing_mode="PROVISIONED", read_capacity=5, write_capacity=6), before, {}, after, after)
    params = played.requests[1].params
    assert (params["BillingMode"], params["ProvisionedThroughput"]) == ("PROVISIONED", UNITS)
    (update,) = params["GlobalSecondaryIndexUpdates"]
    assert update == {"Update": {"IndexName": "by_name", "ProvisionedThroughput": UNITS}}


def test_one_capacity_leaves_the_other_as_it_is() -> None:
    before = described(ProvisionedThroughput=UNITS)
    after = described(ProvisionedThroughput={**UNITS, "ReadCapacityUnits": 9})
    played = done(setting(read_capacity=9), before, {}, after, after)
    assert played.requests[1].params["ProvisionedThroughput"] == {**UNITS, "ReadCapacityUnits": 9}


@pytest.mark.parametrize("wanted", [{"read_capacity": 5}, {"billing_mode": "PROVISIONED"}])
def test_capacities_go_with_provisioned(wanted: dict[str, Any]) -> None:
    assert isinstance(failed(setting(**wanted), described(**ON_DEMAND)), ProgrammingError)


def test_a_stream_is_ended_before_another_begins() -> None:
    old = described(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    new = described(StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    played = done(setting(stream="KEYS_ONLY"), old, {}, described(), {}, new, new)
    updates = [request.params for request in played.requests if request.operation == "UpdateTable"]
    assert [update["StreamSpecification"] for update in updates] == [
        {"StreamEnabled": False},
        {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    ]


def test_tags_become_these_and_the_services_own_stay() -> None:
    told: Reply = {"Tags": [{"Key": key, "Value": "1"} for key in ("a", "b", "aws:stack")]}
    played = done(setting(tags=(("b", "2"), ("c", "3"))), described(TableArn=ARN), told)
    assert [(request.operation, request.params) for request in played.requests[2:]] == [
        ("UntagResource", {"ResourceArn": ARN, "TagKeys": ["a"]}),
        ("TagResource", {"ResourceArn": ARN, "Tags": [{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}]}),
    ]


def test_each_change_waits_for_the_one_before() -> None:
    protected = described(
        DeletionProtectionEnabled=True, TableClassSummary={"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    )
    replies = [described(), NO_TTL, {}, described("UPDATING"), described(), {}, {}, protected, protected]
    wanted = {"table_class": "STANDARD_INFREQUENT_ACCESS", "ttl": "until", "deletion_protection": True}
    played = done(setting(**wanted), *replies)
    assert played.operations == [
        *("DescribeTable", "DescribeTimeToLive"),
        *("UpdateTable", "DescribeTable", "DescribeTable"),
        "UpdateTimeToLive",
        *("UpdateTable", "DescribeTable", "DescribeTable"),
    ]


def test_a_server_without_the_option_says_so() -> None:
    unknown = failed(setting(ttl="until"), described(), NO_TTL, UNKNOWN)
    silent = failed(setting(deletion_protection=True), *[described()] * 1, {}, described(), described())
    empty = failed(setting(stream="NEW_IMAGE"), described(), DatabaseError("At least one of A or B is required"))
    for error, option in ((unknown, "ttl"), (silent, "deletion_protection"), (empty, "stream")):
        assert isinstance(error, Unsupported)
        assert f"does not have the option {option}" in str(error)


def test_no_permission_is_said_before_anything_is_changed() -> None:
    error = failed(setting(pitr=True), described(), AccessDenied("no", code="AccessDeniedException"))
    assert isinstance(error, AccessDenied)


def test_what_may_not_be_seen_is_told_apart_from_what_is_off() -> None:
    denied = AccessDenied("no", code="AccessDeniedException")
    options, refused = done(options_seen(found(described(TableArn=ARN))), denied, UNKNOWN, {"Tags": []}).result
    assert (options.ttl, options.pitr, options.tags) == (None, False, ())
    assert refused == [denied]


def test_what_the_service_describes() -> None:
    table = found(
        described(
            ProvisionedThroughput=UNITS,
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
            SSEDescription={"Status": "ENABLED", "KMSMasterKeyArn": "arn:aws:kms:::key/1"},
            WarmThroughput={"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000},
        )
    )
    options = described_options(table)
    assert options == TableOptions(
        billing_mode="PROVISIONED",
        read_capacity=5,
        write_capacity=6,
        stream="OLD_IMAGE",
        deletion_protection=False,
        table_class="STANDARD",
        sse="arn:aws:kms:::key/1",
        warm_throughput=(12000, 4000),
    )
    for same in ({"sse": True}, {"sse": "1"}, {"sse": "alias/mine"}, {"warm_throughput": (9000, 4000)}):
        assert differing(options, TableOptions(**same)) == []
    for other in ({"sse": False}, {"sse": "2"}, {"warm_throughput": (12000, 4001)}):
        assert differing(options, TableOptions(**other)) == [*other]
