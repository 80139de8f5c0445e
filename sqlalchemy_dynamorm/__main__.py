"""The command line: ``python -m sqlalchemy_dynamorm COMMAND``.

A command imports what it needs when it runs, so that ``install-local`` works, and is quick, without boto3.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from sqlalchemy_dynamorm.errors import Error

if TYPE_CHECKING:
    from sqlalchemy_dynamorm.dbapi import Connection


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand.

    :ivar arguments: adds its arguments to its parser.
    :ivar run: does it, and returns the exit status; an :class:`~sqlalchemy_dynamorm.errors.Error` becomes status 1.
    """

    help: str
    run: Callable[[argparse.Namespace], int]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None


def _install_local(_: argparse.Namespace) -> int:
    from sqlalchemy_dynamorm.client.install_local import install_local

    install_local()
    return 0


def _init(options: argparse.Namespace) -> int:
    from sqlalchemy import create_engine

    from sqlalchemy_dynamorm.dialect.ensuring import ensure_tables
    from sqlalchemy_dynamorm.dialect.reconcile import metadata_of

    metadata = None if options.metadata is None else metadata_of(options.metadata)
    engine = create_engine(options.url)
    try:
        connection = cast("Connection", engine.raw_connection().dbapi_connection)
        print(connection.tables.create_system_table())
        report = None if metadata is None else ensure_tables(metadata, engine)
    finally:
        engine.dispose()
    if report is not None and str(report):
        print(report)
    return 1 if report is not None and report.differing else 0


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    _url_argument(parser)
    parser.add_argument(
        "metadata", nargs="?", help="make what is missing of these tables too: module:metadata, or module:Base"
    )


def _plain(url: str) -> str:
    """A program's URL may be of asyncio's dialect; a command waits."""
    return re.sub(r"^(dynamo\w+)\+aio:", r"\1:", url)


def _url_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", type=_plain, help="the engine's URL, dynamodb://eu-west-1 for example")


def _reconcile(options: argparse.Namespace) -> int:
    from sqlalchemy_dynamorm.dialect.reconcile import reconcile

    def progress(line: str) -> None:
        print(line, file=sys.stderr)

    return reconcile(options.url, options.metadata, apply=options.apply, say=print, progress=progress)


def _reconcile_arguments(parser: argparse.ArgumentParser) -> None:
    _url_argument(parser)
    parser.add_argument("metadata", help="where the tables are declared: module:metadata, or module:Base")
    parser.add_argument("--apply", action="store_true", help="mend what is found; without it nothing is written")


def _unlock(options: argparse.Namespace) -> int:
    from sqlalchemy import create_engine

    from sqlalchemy_dynamorm.run.lock import break_lock

    engine = create_engine(options.url)
    try:
        connection = cast("Connection", engine.raw_connection().dbapi_connection)
        system = connection.client.settings.system_table
        name = f"alembic#{connection.tables.physical(options.version_table, None)}"
        holder = None if system is None else connection.client.value(break_lock(system, name))
    finally:
        engine.dispose()
    print("the migration lock is not held" if holder is None else f"taken from {holder.owner}")
    return 0


def _unlock_arguments(parser: argparse.ArgumentParser) -> None:
    _url_argument(parser)
    parser.add_argument("--version-table", default="alembic_version", help="Alembic's version table, if it is another")


def _template_path(_: argparse.Namespace) -> int:
    print(import_module("alembic_ext.commands").template_path())
    return 0


def _check(options: argparse.Namespace) -> int:
    check = import_module("alembic_ext.commands").check  # by name: Alembic's side is above this one
    return int(check(options.url, options.metadata, options.version_table, say=print))


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    _unlock_arguments(parser)
    parser.add_argument("metadata", help="where the tables are declared: module:metadata, or module:Base")


def _run_script(options: argparse.Namespace) -> int:
    from sqlalchemy_dynamorm.dialect.scripts import run_script

    with options.script as script:
        text = script.read()
    run_script(options.url, text, first=options.first, version_table=options.version_table, say=print)
    return 0


def _run_script_arguments(parser: argparse.ArgumentParser) -> None:
    _unlock_arguments(parser)
    parser.add_argument("script", type=argparse.FileType(encoding="utf-8"), help="the file; - for standard input")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the number of the first statement to run")


COMMANDS = {
    "init": Command("make the system table, and tables that are missing", _init, _init_arguments),
    "reconcile": Command(
        "compare guards of unique values and counters with the rows, and report duplicates",
        _reconcile,
        _reconcile_arguments,
    ),
    "check": Command("say how tables differ from their models, and exit with 1 if they do", _check, _check_arguments),
    "run-script": Command("run what alembic upgrade --sql printed", _run_script, _run_script_arguments),
    "template-path": Command("print where alembic init -t finds the template of migrations", _template_path),
    "unlock": Command("take the migration lock from an owner that is gone", _unlock, _unlock_arguments),
    "install-local": Command("install the embedded server of dynamodb+local://", _install_local),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :return: its exit status; 1 for an error, which is printed; 2 without a command.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        return COMMANDS[options.command].run(options)
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sqlalchemy_dynamorm", description="Tools of sqlalchemy-dynamorm.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        command.arguments(subparsers.add_parser(name, help=command.help, description=command.help))
    return parser


if __name__ == "__main__":
    sys.exit(main())
