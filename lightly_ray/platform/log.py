"""Logging of the platform's processes: to standard error, a line per event, as text or as JSON.

What belongs to every line of some work is set once around it:

    with about(job=job.id, request=pinned.request_id):
        ...

A request has an id, which its answer carries too; the job that it queues keeps it, and the worker's lines name both.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


def configure(level: str, form: Format = "text") -> None:
    """Log what is at least as important as ``level``; libraries that talk much, warnings alone."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else logging.Formatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("alembic", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))


@contextmanager
def about(**ids: str | None) -> Iterator[None]:
    """Say in every JSON line of a `with` block what it is about; an id that is None is left out."""
    before = _about.get()
    _about.set({**(before or {}), **{name: value for name, value in ids.items() if value is not None}})
    try:
        yield
    finally:
        _about.set(before)


def request_id() -> str | None:
    """The id of the request that is served here, None outside of one."""
    return (_about.get() or {}).get("request")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **(_about.get() or {}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
