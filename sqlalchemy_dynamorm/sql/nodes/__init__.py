"""The meaning of a statement: frozen, hashable nodes that hold names and parameters, never values bound later.

Names are as the statement wrote them (quotes removed). Nothing here knows a schema.
"""

from __future__ import annotations

from typing import Union

from sqlalchemy_dynamorm.sql.nodes.definitions import (
    ColumnDefinition,
    CreateIndex,
    CreateTable,
    Definition,
    DropIndex,
    DropTable,
    ForeignKey,
    Options,
    TypeName,
)
from sqlalchemy_dynamorm.sql.nodes.expressions import (
    And,
    Between,
    Call,
    Column,
    Compare,
    Concat,
    Condition,
    CountRows,
    CurrentTimestamp,
    Expression,
    FunctionName,
    In,
    IsNull,
    IsTrue,
    Like,
    Literal,
    Not,
    Or,
    Param,
    ParamList,
    Same,
    Value,
)
from sqlalchemy_dynamorm.sql.nodes.queries import (
    Delete,
    Explain,
    Insert,
    OrderTerm,
    Output,
    Query,
    Select,
    Star,
    TableName,
    Update,
)

Statement = Union[Query, Definition, Explain]

__all__ = [
    "And",
    "Between",
    "Call",
    "Column",
    "ColumnDefinition",
    "Compare",
    "Concat",
    "Condition",
    "CountRows",
    "CreateIndex",
    "CreateTable",
    "CurrentTimestamp",
    "Definition",
    "Delete",
    "DropIndex",
    "DropTable",
    "Explain",
    "Expression",
    "ForeignKey",
    "FunctionName",
    "In",
    "Insert",
    "IsNull",
    "IsTrue",
    "Like",
    "Literal",
    "Not",
    "Options",
    "Or",
    "OrderTerm",
    "Output",
    "Param",
    "ParamList",
    "Query",
    "Same",
    "Select",
    "Star",
    "Statement",
    "TableName",
    "TypeName",
    "Update",
    "Value",
]
