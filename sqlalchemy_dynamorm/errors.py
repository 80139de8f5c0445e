"""The exceptions of PEP 249, and the leaves this project adds.

::

    Warning
    Error
    ├── InterfaceError
    └── DatabaseError
        ├── DataError               ItemTooLarge · TransactionTooLarge · UnsupportedValue
        ├── OperationalError        Throttled · SerializationError · StaleRow · ReadBudgetExceeded
        │                           OutcomeUnknown · ServiceUnavailable · AccessDenied
        │                           ConditionFailed · TransactionCanceled (never leave the executor)
        ├── IntegrityError          DuplicateKey · UniqueViolation · ForeignKeyViolation · NotNullViolation
        │                           CheckViolation
        ├── InternalError
        ├── ProgrammingError        UndefinedTable · UndefinedIndex · UndefinedColumn · DuplicateTable
        │                           UndefinedConstraint · UndefinedSequence · SQLSyntaxError
        └── NotSupportedError       ScanRefused · Unsupported

Every error carries ``code`` (the service's own code, or the class name), ``operation``
(the API operation), ``table``, ``request_id`` and ``retryable``. A message says what
happened, why, and what to do; it never holds credentials or item values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Warning(Exception):  # noqa: A001 - the name is PEP 249's
    """An important warning (PEP 249)."""


class Error(Exception):
    """The base of all errors.

    :param message: what happened, why, and what to do.
    :param code: the service's error code where there is one.
    :param operation: the API operation, ``"PutItem"`` for example.
    :param table: the physical table's name.
    :param request_id: the service's request id, for a support case.
    :ivar unprocessed: in AUTOCOMMIT, and with ``overflow=split``, the keys, in wire form, of what was not written.
    :ivar statement: the text of the statement it is about, where that is known; commit has none of its own.
    :ivar key: the key, in wire form, of the row it is about.
    :ivar row_number: which of the statement's rows, or sets of values, that is, from 1.
    """

    retryable = False
    statement: str | None = None
    key: Mapping[str, Any] | None = None
    row_number: int | None = None
    unprocessed: tuple[Mapping[str, Any], ...] = ()

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        operation: str | None = None,
        table: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or type(self).__name__
        self.operation = operation
        self.table = table
        self.request_id = request_id

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[Error], args: tuple[Any, ...], state: dict[str, Any]) -> Error:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class InterfaceError(Error):
    """The interface was used wrongly: a closed cursor, a wrong option."""


class DatabaseError(Error):
    """The base of all that concerns the database itself."""


class DataError(DatabaseError):
    """A value that cannot be stored or compared."""


class OperationalError(DatabaseError):
    """Something outside the program's control."""


class IntegrityError(DatabaseError):
    """A key or a constraint would be violated."""


class InternalError(DatabaseError):
    """The service or this library contradicts itself."""


class ProgrammingError(DatabaseError):
    """The statement is wrong: syntax, names, parameters."""


class NotSupportedError(DatabaseError):
    """What DynamoDB or this library does not do."""


class ItemTooLarge(DataError):
    """An item over 400 KB, names included."""


class TransactionTooLarge(DataError):
    """More than 100 actions or 4 MB in one transaction."""


class UnsupportedValue(DataError):
    """A value DynamoDB has no exact form for: NaN, an infinity, over 38 digits."""


class Throttled(OperationalError):
    """The service asked for fewer requests, and retrying did not help."""

    retryable = True


class SerializationError(OperationalError):
    """Another transaction won; run this one again."""

    retryable = True


class StaleRow(OperationalError):
    """A row that an UPDATE or DELETE had found was changed or gone at commit."""


class ReadBudgetExceeded(OperationalError):
    """A statement read more pages than its ``read_budget``."""


class OutcomeUnknown(OperationalError):
    """The answer to a write was lost, and nothing proves whether it was applied."""


class ServiceUnavailable(OperationalError):
    """The endpoint cannot be reached, or answered 5xx until the retries ran out."""

    retryable = True


class AccessDenied(OperationalError):
    """No credentials, wrong credentials, or no permission."""


class ConditionFailed(OperationalError):
    """A single write's condition did not hold. The executor turns it into a rowcount or an error.

    :ivar item: the stored item in wire form, ``None`` where there was none or it was not asked for.
    """

    def __init__(self, message: str, *, item: Mapping[str, Any] | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.item = item


class TransactionCanceled(OperationalError):
    """A TransactWriteItems was cancelled. The executor maps each reason to its statement.

    :ivar reasons: one mapping an action, in their order; ``Code`` ``"None"`` means no error.
    """

    def __init__(self, message: str, *, reasons: tuple[Mapping[str, Any], ...] = (), **where: Any) -> None:
        super().__init__(message, **where)
        self.reasons = reasons


class DuplicateKey(IntegrityError):
    """An INSERT whose primary key is taken."""


class UniqueViolation(IntegrityError):
    """A unique constraint would be violated."""


class ForeignKeyViolation(IntegrityError):
    """A checked foreign key would be violated."""


class NotNullViolation(IntegrityError):
    """NULL for a column declared NOT NULL."""


class CheckViolation(IntegrityError):
    """A row of which the condition of a CHECK constraint is false."""


class UndefinedTable(ProgrammingError):
    """The table does not exist."""


class UndefinedIndex(ProgrammingError):
    """The index does not exist, or is still being built.

    :ivar index: its physical name, where the service says so.
    """

    def __init__(self, message: str, *, index: str | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.index = index


class UndefinedSequence(ProgrammingError):
    """The sequence does not exist."""


class UndefinedColumn(ProgrammingError):
    """The column is not declared."""


class UndefinedConstraint(ProgrammingError):
    """The constraint is not declared."""


class DuplicateTable(ProgrammingError):
    """The table or index exists already, with another definition."""


class SQLSyntaxError(ProgrammingError):
    """The text is not SQL that can be read."""


class ScanRefused(NotSupportedError):
    """The statement would read a whole table to answer for a part of it."""


class Unsupported(NotSupportedError):
    """A clause, function, option or type that is not (yet) handled."""


# AWS code → class. Source: the DynamoDB API reference, "Common errors" and each operation's own list.
AWS_CODES: dict[str, type[Error]] = {
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "ExpiredToken": AccessDenied,
    "ExpiredTokenException": AccessDenied,
    "IncompleteSignature": AccessDenied,
    "InvalidSignatureException": AccessDenied,
    "MissingAuthenticationToken": AccessDenied,
    "MissingAuthenticationTokenException": AccessDenied,
    "OptInRequired": AccessDenied,
    "UnrecognizedClientException": AccessDenied,
    "InvalidClientTokenId": AccessDenied,
    "ConditionalCheckFailedException": ConditionFailed,
    "TransactionCanceledException": TransactionCanceled,
    "TransactionConflictException": SerializationError,
    "TransactionInProgressException": SerializationError,
    "ReplicatedWriteConflictException": SerializationError,
    "ProvisionedThroughputExceededException": Throttled,
    "ThrottlingException": Throttled,
    "Throttling": Throttled,
    "RequestLimitExceeded": Throttled,
    "LimitExceededException": Throttled,
    "InternalServerError": ServiceUnavailable,
    "InternalServerErrorException": ServiceUnavailable,
    "InternalFailure": ServiceUnavailable,
    "ServiceUnavailable": ServiceUnavailable,
    "ServiceUnavailableException": ServiceUnavailable,
    "ResourceNotFoundException": UndefinedTable,
    "TableNotFoundException": UndefinedTable,
    "IndexNotFoundException": UndefinedIndex,
    "ResourceInUseException": OperationalError,
    "ItemCollectionSizeLimitExceededException": DataError,
    "IdempotentParameterMismatchException": InternalError,
    "SerializationException": InternalError,
    "NotImplemented": NotSupportedError,
    "UnknownOperation": NotSupportedError,
    "UnknownOperationException": NotSupportedError,
    "ValidationException": DatabaseError,
}
