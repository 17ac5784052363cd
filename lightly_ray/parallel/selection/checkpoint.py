"""The picks of a running selection on disk, so that an interrupted one goes on where it was.

The picks so far are a valid prefix of the result, and all that is needed to go on: the shards' state
follows from them. The file also says which data and settings they belong to; others are refused.
"""

import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from lightly_ray.data.location import Location
from lightly_ray.errors import ConflictError, InvalidInputError
from lightly_ray.selection.greedy import Picks

Identity = dict[str, str | int | float | bool]

_EVERY = 1.0  # seconds between writes: each one writes all picks so far
_FORMAT = "lightly_ray selection 1"


@dataclass(slots=True)
class Checkpoint:
    """One file with the picks so far.

    Args:
        place: of the file.
        identity: what data and settings the picks belong to, each under a name that a message can use.
    """

    place: Location
    identity: Identity
    _batches: list[Picks] = field(default_factory=list)
    _written: float = -np.inf

    def refuse_others(self) -> None:
        """Refuse, before anything is read, a file that differs in something that is known already.

        Raises:
            InvalidInputError: the file is no checkpoint.
            ConflictError: it belongs to other data or settings; the message names them.
        """
        stored = self._known()
        if stored is not None:
            self._require_same(stored[1], sorted(self.identity))

    def read(self) -> Picks | None:
        """The picks of the run that was interrupted, None where there was none.

        Raises:
            InvalidInputError: the file is no checkpoint.
            ConflictError: it belongs to other data or settings; the message names them.
        """
        stored = self._known()
        if stored is None:
            return None
        picks, identity = stored
        self._require_same(identity, sorted(identity.keys() | self.identity.keys()))
        self._batches = [picks]
        return picks

    def _known(self) -> tuple[Picks, Identity] | None:
        content = self.place.read()
        if content is None:
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                rows, gains, text = stored["rows"], stored["gains"], bytes(stored["identity"])
            identity = json.loads(text)
            version = identity.pop("format")
        except (ValueError, KeyError, EOFError, OSError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise InvalidInputError(f"{self.place.shown!r} is no checkpoint of a selection: {error}") from error
        if version != _FORMAT:
            raise InvalidInputError(
                f"{self.place.shown!r} is no checkpoint of this version: {version!r}, not {_FORMAT!r}"
            )
        return Picks(rows.astype(np.int64), gains.astype(np.float64)), cast("Identity", identity)

    def add(self, picks: Picks) -> None:
        """Take picks as soon as they are certain; they are written once a second."""
        self._batches.append(picks)
        if time.monotonic() - self._written >= _EVERY:
            self.write()

    def write(self) -> None:
        """Write all picks so far, whole or not at all."""
        stream = io.BytesIO()
        np.savez(
            stream,
            rows=np.concatenate([np.zeros(0, dtype=np.int64), *(batch.rows for batch in self._batches)]),
            gains=np.concatenate([np.zeros(0), *(batch.gains for batch in self._batches)]),
            identity=np.frombuffer(json.dumps({"format": _FORMAT, **self.identity}).encode(), dtype=np.uint8),
        )
        self.place.write(stream.getvalue())
        self._written = time.monotonic()

    def _require_same(self, known: Identity, names: list[str]) -> None:
        other = [name for name in names if known.get(name) != self.identity.get(name)]
        if other:
            changes = "; ".join(f"{name} was {known.get(name)}, now {self.identity.get(name)}" for name in other)
            raise ConflictError(
                f"the checkpoint {self.place.shown!r} belongs to another selection: {changes}. "
                "Use the same data and settings, or another path"
            )
