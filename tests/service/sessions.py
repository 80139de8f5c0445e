"""What opens sessions in the tests of isolation."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

Open = Callable[[str], Session]
"""Takes the name of an isolation level."""
