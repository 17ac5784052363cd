"""Every error this package raises on purpose.

    LightlyRayError
      InvalidInputError      the caller's data or settings cannot be used      (ValueError)                HTTP 422
        TooLargeError        it is over a limit of the platform                                            HTTP 413
        CorruptImageError    an image file cannot be decoded
        UnreadableError      a file is broken, or its store does not answer
      NotFoundError          a dataset, tag, job or file is unknown            (KeyError, ValueError)      HTTP 404
      ConflictError          the name or state is already taken                (RuntimeError, ValueError)  HTTP 409
      AuthenticationError    the token is missing or wrong                     (RuntimeError)              HTTP 401
      ApiError               the platform refused or could not be reached      (RuntimeError)
      UnavailableError       a database or a storage cannot be reached         (RuntimeError)              HTTP 503
        StorageFullError     there is no room left for what came in                                        HTTP 507
      JobFailedError         a job of the platform ended without its result    (RuntimeError)
      WorkerLostError        workers are gone or hang, and were not replaced   (RuntimeError)
      MissingExtraError      an optional dependency is not installed           (ImportError)

The built-in classes in brackets are bases too: code that caught them before still does. Where there are two,
the published client raised one here and the other there. Anything else that escapes is a bug in this package;
the platform answers it with HTTP 500.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

Code = Literal[
    "BAD_REQUEST",
    "DATASET_AT_MAX_CAPACITY",
    "DATASET_NAME_EXISTS",
    "DATASET_TAG_INVALID",
    "DATASET_UNKNOWN",
    "EMBEDDING_2D_UNKNOWN",
    "EMBEDDING_INVALID",
    "EMBEDDING_NOT_READY",
    "EMBEDDING_ROW_COUNT_INVALID",
    "EMBEDDING_UNKNOWN",
    "EVALUATION_UNKNOWN",
    "FORBIDDEN",
    "GROUPS_UNKNOWN",
    "JOB_CREATION_FAILED",
    "JOB_UNKNOWN",
    "LABELS_UNKNOWN",
    "MALFORMED_REQUEST",
    "NOT_FOUND",
    "PREDICTIONS_UNKNOWN",
    "SAMPLE_UNKNOWN",
    "SCORE_UNKNOWN",
    "SERVICE_UNAVAILABLE",
    "STORAGE_FULL",
    "TAG_INITIAL_EXISTS",
    "TAG_NAME_EXISTS",
    "TAG_NO_TAG_IN_DATASET",
    "TAG_PRESELECTEDTAG_NOT_IN_DATASET",
    "TAG_PREVTAG_NOT_IN_DATASET",
    "TAG_QUERYTAG_NOT_IN_DATASET",
    "TAG_UNDELETABLE_IS_INITIAL",
    "TAG_UNDELETABLE_NOT_A_LEAF",
    "TAG_UNKNOWN",
    "TOO_MANY_REQUESTS",
    "UNAUTHORIZED",
]
"""What the platform calls an error in its answers."""


class LightlyRayError(Exception):
    """Base of every deliberate error.

    Attributes:
        http_status: with which the platform answers it, and from which the client makes it again.
        code: what the platform calls this error in its answers.
        status: the HTTP status where an answer of the platform was the reason, else None.
    """

    http_status: ClassVar[int] = 500
    code: Code = "BAD_REQUEST"
    status: int | None = None

    def __init__(self, message: str, *, code: Code | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        # KeyError would show the repr of its argument: quotes around a sentence.
        return str(self.args[0])


class InvalidInputError(LightlyRayError, ValueError):
    """The caller's data or settings cannot be used."""

    http_status = 422


class TooLargeError(InvalidInputError):
    """What came in is over a limit of the platform."""

    http_status = 413


class CorruptImageError(InvalidInputError):
    """An image file cannot be decoded; the message names the file."""


class UnreadableError(InvalidInputError):
    """A file cannot be read: it is broken, or its store does not answer, which may pass; the message names it."""


class NotFoundError(LightlyRayError, KeyError, ValueError):
    """A dataset, tag, job or file is unknown."""

    http_status = 404
    code = "NOT_FOUND"


class ConflictError(LightlyRayError, RuntimeError, ValueError):
    """The name or the state is already taken."""

    http_status = 409


class AuthenticationError(LightlyRayError, RuntimeError):
    """The token is missing or wrong."""

    http_status = 401
    code = "UNAUTHORIZED"


class ApiError(LightlyRayError, RuntimeError):
    """The platform refused a request or could not be reached.

    Attributes:
        status: the HTTP status, None where no answer came.
    """

    def __init__(self, message: str, *, status: int | None = None, code: Code | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status


class UnavailableError(LightlyRayError, RuntimeError):
    """The database or the storage of the platform cannot be reached; asking again later is right."""

    http_status = 503
    code: Code = "SERVICE_UNAVAILABLE"


class StorageFullError(UnavailableError):
    """The platform has no room left for what came in: somebody has to make room before asking again helps."""

    http_status = 507
    code = "STORAGE_FULL"


class JobFailedError(LightlyRayError, RuntimeError):
    """A job of the platform ended without its result."""

    code = "JOB_CREATION_FAILED"


class WorkerLostError(LightlyRayError, RuntimeError):
    """Workers are gone or hang, and were not replaced."""


class MissingExtraError(LightlyRayError, ImportError):
    """An optional dependency is not installed; the message says which extra brings it."""


def listed(parts: Sequence[str], at_most: int = 10) -> str:
    """Parts of a message, the first of them where there are many, and how many more there are."""
    more = [f"and {len(parts) - at_most:,} more"] if len(parts) > at_most else []
    return "; ".join([*parts[:at_most], *more])


def missing_extra(what: str, extra: str) -> str:
    """The message of `MissingExtraError`: what to install, also where the package runs from a clone."""
    return f"{what}: pip install 'lightly-ray[{extra}]', or in a clone of the project pip install -e '.[{extra}]'"
