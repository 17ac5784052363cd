"""When tokens were last used, to the minute: kept beside the request, so that no reader waits for a writer."""

import logging
import threading

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from lightly_ray.platform.storage.database import Database
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import tokens

_MINUTE = 60_000
_log = logging.getLogger("lightly_ray.platform")


class LastUse:
    """The last use of the tokens of a platform. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._noted: dict[str, int] = {}  # by this server: what the database says may be on its way

    def note(self, token_id: str, before: int | None) -> None:
        """Keep that a token is used now, unless that was said within the last minute.

        Args:
            token_id: of the token.
            before: when it was last used, as the database says, unix milliseconds.
        """
        at = now()
        with self._lock:
            if at - max(before or 0, self._noted.get(token_id, 0)) < _MINUTE:
                return
            self._noted[token_id] = at
        threading.Thread(target=self._keep, args=(token_id, at), name="last-use", daemon=True).start()

    def _keep(self, token_id: str, at: int) -> None:
        try:
            with self._database.write() as db:
                db.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=at))
        except DBAPIError as error:  # the request itself says what its sender has to know
            _log.warning("the last use of a token was not kept: %s", error.orig)
