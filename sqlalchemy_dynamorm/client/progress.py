"""What a statement waits for, told to whoever looks: a line on a terminal, else lines in the log."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import TextIO

LOGGER = logging.getLogger("sqlalchemy_dynamorm.ddl")
_CLEAR = "\r\x1b[2K"
_QUIET = 1.0
"""Seconds that nothing is shown on a terminal: most waits are over by then."""


class Progress:
    """Tells for what a statement waits; as a context it clears the terminal's line at the end.

    :param stream: the terminal; one that is none has the log instead.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._since = time.monotonic()
        self._last = ""
        self._shown = False

    def tell(self, line: str) -> None:
        """Show a line, or log it if it is not the same as the last one."""
        waited = time.monotonic() - self._since
        if not self._stream.isatty():
            if line != self._last:
                LOGGER.info("waiting: %s", line)
        elif waited >= _QUIET:
            self._stream.write(f"{_CLEAR}{line} ({waited:.0f} s)")
            self._stream.flush()
            self._shown = True
        self._last = line

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._stream.write(_CLEAR)
            self._stream.flush()
