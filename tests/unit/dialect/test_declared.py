from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from sqlalchemy_dynamorm import TTL
from sqlalchemy_dynamorm.dialect.boto3 import Boto3Dialect
from sqlalchemy_dynamorm.dialect.declared import declare
from sqlalchemy_dynamorm.dialect.refusal import Misdeclared, UnsupportedCompile
from sqlalchemy_dynamorm.errors import NotSupportedError, ProgrammingError
from sqlalchemy_dynamorm.plan.numbering import Series
from sqlalchemy_dynamorm.plan.schema import HIDDEN_KEY, CheckConstraint, Column, Index, Kind, Moment, Table
from sqlalchemy_dynamorm.sql import nodes

DIALECT = Boto3Dialect()


def table(*items: Any, name: str = "users", **options: Any) -> sa.Table:
    return sa.Table(name, sa.MetaData(), *items, **options)


def declared(*items: Any, **options: Any) -> Table:
    return declare(table(*items, **options), DIALECT, None)


def key(name: str = "id", type_: Any = sa.Integer) -> sa.Column[Any]:
    return sa.Column(name, type_, primary_key=True)


def test_columns_have_kinds_nullability_and_the_counter() -> None:
    found = declared(
        key(),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("doc", sa.JSON),
        sa.Column("anything"),
    )
    assert found.columns == (
        Column("id", Kind.INTEGER, nullable=False, autoincrement=True),
        Column("name", Kind.STRING, nullable=False),
        Column("price", Kind.DECIMAL, scale=2),
        Column("doc", Kind.DOCUMENT),
        Column("anything", Kind.ANY),
    )
    assert (found.name, found.physical, found.partition, found.sort) == ("users", "users", "id", None)


def test_names_are_plain_text() -> None:
    found = declared(sa.Column(sa.sql.quoted_name("Id", True), sa.Integer, primary_key=True))
    assert type(found.columns[0].name) is str


def test_a_schema_is_a_prefix() -> None:
    found = declare(table(key()), DIALECT, "staging")
    assert (found.name, found.physical) == ("staging.users", "staging.users")


def test_the_engines_default_schema_and_separator_hold() -> None:
    dialect = Boto3Dialect(default_schema="staging", schema_separator="--")
    assert declare(table(key()), dialect, None).physical == "staging--users"
    assert declare(table(key()), dialect, "other").physical == "other--users"


@pytest.mark.parametrize("given", ["legacy-users", lambda: "legacy-users"])
def test_a_table_may_exist_under_another_name(given: Any) -> None:
    assert declared(key(), dynamodb_table_name=given).physical == "legacy-users"


def test_a_table_name_must_be_one() -> None:
    with pytest.raises(ProgrammingError, match="dynamodb_table_name"):
        declared(key(), dynamodb_table_name=lambda: None)


class TestKeys:
    def test_the_first_is_hash_and_the_second_range(self) -> None:
        assert declared(key("a"), key("b")).key == ("a", "b")

    @pytest.mark.parametrize(
        "options",
        [
            {"dynamodb_partition_key": "b"},
            {"dynamodb_sort_key": "a"},
            {"dynamodb_partition_key": "b", "dynamodb_sort_key": "a"},
        ],
    )
    def test_options_change_the_order(self, options: Any) -> None:
        assert declared(key("a"), key("b"), **options).key == ("b", "a")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"dynamodb_partition_key": "x"}, "'x' is not a primary key column"),
            ({"dynamodb_sort_key": "name"}, "'name' is not a primary key column"),
            ({"dynamodb_partition_key": "a", "dynamodb_sort_key": "a"}, "cannot be the partition key and"),
        ],
    )
    def test_options_must_fit(self, options: Any, message: str) -> None:
        with pytest.raises(ProgrammingError, match=message):
            declared(key("a"), key("b"), sa.Column("name", sa.String), **options)

    def test_a_sort_key_needs_two_columns(self) -> None:
        with pytest.raises(ProgrammingError, match="two columns"):
            declared(key(), dynamodb_sort_key="id")

    def test_without_a_key_there_is_a_hidden_one(self) -> None:
        found = declared(sa.Column("name", sa.String))
        assert found.key == (HIDDEN_KEY,)
        assert found.columns[-1] == Column(HIDDEN_KEY, Kind.STRING, nullable=False, hidden=True)
        assert [column.name for column in found.visible] == ["name"]

    def test_all_but_the_first_of_three_columns_are_packed(self) -> None:
        found = declared(key("a"), key("b"), key("c.d"))
        assert found.key == ("a", "__dynamorm_sort__.b.c%2Ed")
        assert (found.packed, found.key_columns) == (("b", "c.d"), ("a", "b", "c.d"))
        assert [column.name for column in found.visible] == ["a", "b", "c.d"]
        assert found.columns[-1] == Column(found.key[1], Kind.BINARY, nullable=False, hidden=True)

    @pytest.mark.parametrize(
        ("options", "columns"),
        [
            ({"dynamodb_partition_key": "c"}, ("c", "a", "b")),
            ({"dynamodb_sort_key": "c"}, ("a", "c", "b")),
            ({"dynamodb_sort_key": "a"}, ("b", "a", "c")),
            ({"dynamodb_partition_key": "b", "dynamodb_sort_key": "c"}, ("b", "c", "a")),
        ],
    )
    def test_options_change_the_order_of_three(self, options: Any, columns: tuple[str, ...]) -> None:
        assert declared(key("a"), key("b"), key("c"), **options).key_columns == columns

    def test_the_names_of_packed_columns_fit_in_one_attribute_name(self) -> None:
        with pytest.raises(ProgrammingError, match="too long together: 259 bytes"):
            declared(key("a"), key("b" * 120), key("c" * 120))

    @pytest.mark.parametrize("type_", [sa.JSON, sa.Boolean])
    def test_a_type_that_cannot_be_a_key_is_refused(self, type_: Any) -> None:
        for columns in ([key(type_=type_)], [key("a"), key("b"), key(type_=type_)]):
            with pytest.raises(NotSupportedError, match="the key column 'id'"):
                declared(*columns)

    def test_a_key_without_a_type_is_refused(self) -> None:
        with pytest.raises(ProgrammingError, match="the key column 'id' has no type"):
            declared(sa.Column("id", primary_key=True))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (sa.Column("x", sa.Integer, sa.Computed("id + 1", persisted=False)), "VIRTUAL"),
        (sa.Column("x", sa.String, sa.Computed("lower(y)")), "LOWER"),
        (sa.Column("x", sa.Integer, sa.Computed("current_timestamp")), "present moment in a computed column"),
        (sa.Column("x", sa.Integer, server_default=sa.text("random()")), "DEFAULT with an expression"),
        (sa.Column("x", sa.Integer, server_default="one"), "The DEFAULT of the column 'x' is no integer value"),
        (sa.Column("x", sa.String(collation="de")), "COLLATE"),
        (sa.Index("ix", sa.text("lower(id)")), "an expression in an index"),
    ],
)
def test_what_is_not_built_is_refused_by_name(item: Any, message: str) -> None:
    with pytest.raises(UnsupportedCompile, match=message):
        declared(key(), item)


@pytest.mark.parametrize(
    ("type_", "given", "default"),
    [
        (sa.Integer, "5", nodes.Literal(5)),
        (sa.Integer, sa.text("-5"), nodes.Literal(-5)),
        (sa.String(9), "it's", nodes.Literal("it's")),
        (sa.String, sa.text("7"), nodes.Literal("7")),
        (sa.Numeric(5, 2), "1.50", nodes.Literal(Decimal("1.50"))),
        (sa.Float, sa.text("1.5"), nodes.Literal(Decimal("1.5"))),
        (sa.Boolean, sa.true(), nodes.Literal(True)),
        (sa.Boolean, "0", nodes.Literal(False)),
        (sa.Boolean, sa.text("'f'"), nodes.Literal(False)),
        (sa.LargeBinary, sa.text("X'00FF'"), nodes.Literal(b"\x00\xff")),
        (sa.JSON, '{"a": [1.5]}', nodes.Document('{"a": [1.5]}')),
        (sa.JSON, sa.text("true"), nodes.Literal(True)),
        (sa.DateTime, sa.func.now(), nodes.CurrentTimestamp()),
        (sa.DateTime, sa.text("(now())"), nodes.CurrentTimestamp()),
        (sa.Date, sa.func.current_date(), nodes.CurrentTimestamp()),
        (sa.Time, sa.func.current_time(), nodes.CurrentTimestamp()),
        (sa.String, sa.text("NULL"), None),
        (sa.String, sa.FetchedValue(), None),
    ],
)
def test_a_server_default_has_the_type_of_its_column(type_: Any, given: Any, default: nodes.Value | None) -> None:
    found = declared(key(), sa.Column("x", type_, server_default=given)).by_name["x"]
    assert (found.default, found.on_update) == (default, None)


def test_a_server_onupdate() -> None:
    column = sa.Column("x", sa.DateTime, server_default=sa.func.now(), server_onupdate=sa.DefaultClause(sa.func.now()))
    assert declared(key(), column).by_name["x"].on_update == nodes.CurrentTimestamp()


@pytest.mark.parametrize(
    ("type_", "moment"),
    [
        (sa.DateTime, Moment.DATETIME),
        (sa.DateTime(timezone=True), Moment.UTC_DATETIME),
        (sa.TIMESTAMP(timezone=True), Moment.UTC_DATETIME),
        (sa.DATETIME(timezone=True), Moment.UTC_DATETIME),
        (sa.TIMESTAMP, Moment.DATETIME),
        (sa.Date, Moment.DATE),
        (sa.TIME, Moment.TIME),
        (sa.Time(timezone=True), Moment.UTC_TIME),
        (sa.String, None),
    ],
)
def test_dates_and_times_are_known(type_: Any, moment: Moment | None) -> None:
    assert declared(key(), sa.Column("x", type_)).by_name["x"].moment is moment


def test_check_constraints_are_declared_as_create_table_writes_them() -> None:
    letters = sa.Enum("a", "it's", name="letters", create_constraint=True)
    made = declared(
        key(),
        sa.Column("x", sa.Integer, sa.CheckConstraint("x > 0")),
        sa.Column("y", letters),
        sa.Column("z", sa.Boolean(create_constraint=True)),  # stored as no other value
        sa.CheckConstraint(sa.column("id") + 5 > sa.column("x"), name="my ck"),
        sa.CheckConstraint("x ~ '5'", name="regex").ddl_if(dialect="postgresql"),
        sa.CheckConstraint(sa.column("x").is_distinct_from(7)),
    )
    assert {*made.checks} == {
        CheckConstraint(None, "x > 0"),
        CheckConstraint("letters", "y IN ('a', 'it''s')"),
        CheckConstraint("my ck", "id + 5 > x"),
        CheckConstraint(None, "x IS NOT 7"),
    }


def test_a_check_constraint_has_the_name_of_a_convention() -> None:
    metadata = sa.MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"})
    checks = (sa.CheckConstraint("id > 0", name="positive"), sa.CheckConstraint("id > 1", name=sa.schema.conv("one")))
    users = sa.Table("users", metadata, key(), *checks)
    assert {check.name for check in declare(users, DIALECT, None).checks} == {"ck_users_positive", "one"}


def test_a_check_constraint_with_a_value_that_cannot_be_written_is_not_enforced() -> None:
    class Shape(sa.types.UserDefinedType[Any]):
        cache_ok = True

    (check,) = declared(key(), sa.CheckConstraint(sa.column("id") == sa.literal("round", Shape()))).checks
    assert check.condition == "id = :param_1"


def test_a_plain_identity_is_an_autoincrement_key() -> None:
    made = declared(sa.Column("id", sa.Integer, sa.Identity(), primary_key=True))
    assert made.by_name["id"].autoincrement


def test_an_identity_is_a_counter_with_its_options() -> None:
    identity = sa.Identity(always=True, start=5, increment=2, maxvalue=9, cycle=True, cache=3)
    made = declared(key(), sa.Column("x", sa.Integer, identity)).by_name["x"]
    assert (made.autoincrement, made.always, made.nullable) == (True, True, False)
    assert made.series == Series(5, 2, 1, 9, cycle=True, cache=3)


def test_a_computed_column_is_of_other_columns() -> None:
    made = declared(key(), sa.Column("x", sa.Integer, sa.Computed("id + 1 + id"))).by_name["x"]
    assert made.parts == frozenset({"id"})
    assert made.always


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([sa.Column("x", sa.Integer, sa.Computed("y + 1"))], "'x' of 'users' is of 'y', which is no column"),
        (
            [sa.Column("y", sa.Integer, sa.Computed("id")), sa.Column("x", sa.Integer, sa.Computed("y + 1"))],
            "is of 'y', which is computed itself",
        ),
    ],
)
def test_a_computed_column_of_what_there_is_not_is_misdeclared(columns: list[Any], message: str) -> None:
    with pytest.raises(Misdeclared, match=message):
        declared(key(), *columns)


def test_a_key_is_not_computed() -> None:
    column = sa.Column("x", sa.Integer, sa.Computed("y"), primary_key=True)
    with pytest.raises(UnsupportedCompile, match="'x' of 'users' is in the key"):
        declared(column, sa.Column("y", sa.Integer))


def test_expired_rows_are_hidden_by_a_column_of_moments() -> None:
    made = declared(key(), sa.Column("until", TTL), dynamodb_hide_expired=True)
    assert made.expires == made.by_name["until"]
    named = sa.Column("until", sa.DateTime, dynamodb_format="epoch")
    assert declared(key(), named, dynamodb_ttl="until", dynamodb_hide_expired=True).expires is not None
    assert declared(key(), sa.Column("until", TTL)).expires is None


@pytest.mark.parametrize(
    "options",
    [
        {"dynamodb_hide_expired": True},
        {"dynamodb_hide_expired": True, "dynamodb_ttl": "n"},
        {"dynamodb_hide_expired": 1.5},
    ],
)
def test_hiding_needs_such_a_column(options: dict[str, Any]) -> None:
    with pytest.raises(Misdeclared, match=r"hides expired rows, and has no column|takes True or False"):
        declared(key(), sa.Column("n", sa.Integer), **options)


def test_an_identity_that_contradicts_itself_is_misdeclared() -> None:
    with pytest.raises(Misdeclared, match="The start of the column 'x', 5, is not between its bounds, 1 and 4"):
        declared(key(), sa.Column("x", sa.Integer, sa.Identity(start=5, maxvalue=4)))


def test_a_key_of_a_sequence_has_no_counter_of_its_own() -> None:
    made = declared(sa.Column("id", sa.Integer, sa.Sequence("s"), primary_key=True))
    assert not made.by_name["id"].autoincrement
    made = declared(sa.Column("id", sa.Integer, sa.Sequence("s", optional=True), primary_key=True))
    assert made.by_name["id"].autoincrement


def test_a_long_name_of_a_naming_convention_is_cut_as_sqlalchemy_cuts_it() -> None:
    index = sa.Index(sa.sql.elements.conv("ix_" + "x" * 300), "id")
    [made] = declared(key(), index).indexes
    assert len(made.name) < 255
    assert made.name == made.physical == DIALECT.identifier_preparer.format_index(index)


def test_an_unknown_option_is_refused_by_sqlalchemy() -> None:
    with pytest.raises(exc.ArgumentError, match="dynamodb_prtition_key"):
        table(key(), dynamodb_prtition_key="id")


def indexed(*items: Any, **options: Any) -> Index:
    found = declared(
        key("t"), key("id"), *(sa.Column(name, sa.String) for name in "abcdef"), sa.Index("ix_1", *items, **options)
    )
    (index,) = found.indexes
    return index


class TestIndexes:
    def test_the_first_column_is_hash(self) -> None:
        assert indexed("a", "b", "c") == Index("ix_1", "ix_1", ("a",), ("b", "c"))

    @pytest.mark.parametrize(
        "options", [{"dynamodb_hash": ["a", "b"]}, {"dynamodb_range": "c"}, {"dynamodb_hash": ("a", "b")}]
    )
    def test_options_say_which_are_hash(self, options: Any) -> None:
        found = indexed("a", "b", "c", **options)
        assert (found.hash, found.range) == (("a", "b"), ("c",))

    @pytest.mark.parametrize("columns", [("t", "b"), ("b",)])
    def test_a_local_index_has_the_partition_key(self, columns: Any) -> None:
        assert indexed(*columns, dynamodb_local=True) == Index("ix_1", "ix_1", ("t",), ("b",), local=True)

    def test_projections(self) -> None:
        assert indexed("a", dynamodb_projection="KEYS_ONLY").projection == "KEYS_ONLY"
        found = indexed("a", dynamodb_include=["b", "c"])
        assert (found.projection, found.include) == ("INCLUDE", ("b", "c"))

    @pytest.mark.parametrize(
        ("columns", "options", "message"),
        [
            ("abcde", {"dynamodb_hash": list("abcde")}, "5 hash and 0 range"),
            ("abcdef", {}, "1 hash and 5 range"),
            ("ab", {"dynamodb_hash": ["a"], "dynamodb_range": ["c"]}, "must together be"),
            ("ab", {"dynamodb_hash": ["a", "b"], "dynamodb_range": ["b"]}, "must together be"),
            ("ab", {"dynamodb_local": True}, "a local index has the table's partition key 't'"),
            ("a", {"dynamodb_local": "yes"}, "True or False"),
            ("a", {"dynamodb_projection": "SOME"}, "takes ALL, KEYS_ONLY, INCLUDE"),
            ("a", {"dynamodb_projection": "INCLUDE"}, "go together"),
            ("a", {"dynamodb_projection": "ALL", "dynamodb_include": ["b"]}, "go together"),
            ("a", {"dynamodb_include": ["x"]}, "'x'"),
            ("a", {"dynamodb_include": [f"c{n}" for n in range(21)]}, "includes 21 columns"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, columns: str, options: Any, message: str) -> None:
        with pytest.raises(ProgrammingError, match=message):
            indexed(*columns, **options)

    def test_capacities_are_numbers_and_of_global_indexes(self) -> None:
        units = {"dynamodb_read_capacity": 5, "dynamodb_write_capacity": 6}
        assert indexed("a", **units).capacity == (5, 6)
        assert indexed("a", dynamodb_warm_throughput={"read": 7, "write": 8}).warm == (7, 8)
        for options, says in (
            ({"dynamodb_read_capacity": 5}, "together"),
            ({**units, "dynamodb_read_capacity": 0}, "above 0"),
            ({**units, "dynamodb_local": True}, "served by its table"),
            ({"dynamodb_warm_throughput": 5}, "warm_throughput"),
        ):
            with pytest.raises(Misdeclared, match=says):
                indexed("a", **options)

    def test_twenty_one_are_too_many(self) -> None:
        columns = [sa.Column(f"c{n}", sa.String, index=True) for n in range(21)]
        assert len(declared(key(), *columns[:20]).indexes) == 20
        with pytest.raises(ProgrammingError, match="21 global indexes"):
            declared(key(), *(sa.Column(f"c{n}", sa.String, index=True) for n in range(21)))

    def test_a_local_index_needs_a_sort_key(self) -> None:
        with pytest.raises(ProgrammingError, match="no sort key"):
            declared(key(), sa.Column("a", sa.String), sa.Index("ix_1", "a", dynamodb_local=True))

    def test_a_type_that_cannot_be_an_index_key_leaves_it_out(self) -> None:
        assert declared(key(), sa.Column("doc", sa.JSON, index=True)).indexes == ()

    def test_an_odd_name_is_encoded(self) -> None:
        found = declared(key(), sa.Column("a", sa.String), sa.Index("my ix", "a"))
        assert found.indexes[0].physical == "my-x20-ix"


@pytest.mark.parametrize(
    ("type_", "given", "kind", "moment"),
    [
        (sa.DateTime, "epoch", Kind.EPOCH, Moment.DATETIME),
        (sa.DateTime(True), "epoch_ms", Kind.EPOCH_MS, Moment.UTC_DATETIME),
        (sa.DateTime, "iso", Kind.STRING, Moment.DATETIME),
    ],
)
def test_a_date_and_time_may_be_a_number(type_: Any, given: str, kind: Kind, moment: Moment) -> None:
    found = declared(key(), sa.Column("x", type_, dynamodb_format=given)).by_name["x"]
    assert (found.kind, found.moment) == (kind, moment)


@pytest.mark.parametrize(("type_", "given"), [(sa.Date, "epoch"), (sa.DateTime, "unix")])
def test_a_format_that_is_none_is_refused(type_: Any, given: str) -> None:
    with pytest.raises(ProgrammingError, match="dynamodb_format of the column 'x'"):
        declared(key(), sa.Column("x", type_, dynamodb_format=given))
