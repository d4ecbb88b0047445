"""What `serve` logs: one line a thing on stderr, for a machine as JSON, on a terminal as key=value.

No ticket's text and no token gets there: of an error its kind and place are told, and of what other libraries log who
and where, since both may quote what they were given.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

_FRAMES = 6  # innermost frames of an error that are told


def to_stderr() -> None:
    """Sends all logging of this process there, other libraries' warnings included."""
    terminal = sys.stderr.isatty()
    render = structlog.processors.LogfmtRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _error_told,
            render,
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever that is by then
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Others()], force=True)


class _Others(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        where = f"{record.module}:{record.lineno}"
        log = structlog.get_logger(record.name)
        log.log(record.levelno, "another library", logger=record.name, where=where, exc_info=record.exc_info)


def _error_told(_logger: object, _method: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = told.pop("exc_info", None)
    error = sys.exc_info() if error is True else error
    found = error if isinstance(error, BaseException) else error[1] if error else None
    if found is not None:
        frames = traceback.extract_tb(found.__traceback__)[-_FRAMES:]
        told["error"] = type(found).__name__
        told["at"] = json.dumps([f"{f.filename}:{f.lineno} {f.name}" for f in frames])
    return told
