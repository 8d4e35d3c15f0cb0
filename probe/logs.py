"""The program's log on stderr: one line a record, as text or as JSON, redacted, control characters made visible."""

import contextlib
import datetime as dt
import json
import logging
import sys
from collections.abc import Callable
from typing import Literal, TextIO

from probe import escape

QUIET = ("httpx", "httpcore", "apscheduler", "asyncio", "PIL", "matplotlib")
"""Libraries whose own chatter holds URLs and headers, or repeats what we log ourselves."""


class Line(logging.Formatter):
    """`2026-11-24T10:53:04Z INFO outcome path=vip/4k-high ...`, or the same as one JSON object."""

    def __init__(self, redact: Callable[[str], str], log_format: Literal["text", "json"]) -> None:
        super().__init__()
        self._redact = redact
        self._as_json = log_format == "json"

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += " " + self.formatException(record.exc_info)
        text = escape.visible(self._redact(text))
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if self._as_json:
            return json.dumps({"at": at, "level": record.levelname, "message": text}, ensure_ascii=False)
        return f"{at} {record.levelname} {text}"


class Handler(logging.StreamHandler[TextIO]):
    """Writes to stderr; a record that cannot be written is lost, and stops nothing."""

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say that one was lost: logging itself would print the record's arguments, and nothing would redact them."""
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"tierwatch: a log record was lost: {type(sys.exc_info()[1]).__name__}\n")


def start(redact: Callable[[str], str], log_format: Literal["text", "json"], *, quiet: bool = False) -> None:
    """Log to stderr from here on, replacing what was set up before; `quiet`: warnings and worse alone."""
    escape.visible("\n")  # loads what it needs, for the day when no file can be opened
    handler = Handler(sys.stderr)
    handler.setFormatter(Line(redact, log_format))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
