"""Errors as the protocol shows them: {"code", "message"}, FastAPI's own included."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from typing_extensions import TypedDict

from lightly_ray.errors import Code, LightlyRayError
from lightly_ray.platform.storage.blobs import is_full
from lightly_ray.platform.storage.database import database_is_full


class Problem(TypedDict):
    """What an error answer holds."""

    code: Code
    message: str


_SCHEMA = TypeAdapter(Problem).json_schema()
# What any route may answer beside what it is there for; the description of the API says so.
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/json": {"schema": _SCHEMA}}}
    for status, text in {
        400: "the request cannot be read",
        401: "the token is missing or wrong",
        403: "the signature of a URL is wrong or has expired",
        404: "a dataset, tag, sample, embedding, score or job is unknown",
        409: "the name or state is already taken",
        413: "more than the platform takes",
        422: "a value cannot be used",
        429: "too many requests at the same time: none of it was done",
        503: "the database or the storage cannot be reached at the moment",
        507: "a disk is full: nothing of the request was kept",
    }.items()
}
_CODES: dict[int, Code] = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND"}
_log = logging.getLogger("lightly_ray.platform")


def install(app: FastAPI) -> None:
    """Let the application answer errors in the protocol's form. What is not listed here is a bug: see `middleware`."""
    app.add_exception_handler(LightlyRayError, _deliberate)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _of_framework)
    app.add_exception_handler(UnicodeEncodeError, _half_a_character)
    app.add_exception_handler(DBAPIError, _of_database)
    app.add_exception_handler(PoolTimeoutError, _of_database)
    app.add_exception_handler(OSError, _of_disk)


def answer(status: int, code: Code, message: str) -> JSONResponse:
    """An error answer."""
    return JSONResponse({"code": code, "message": message}, status_code=status)


def _deliberate(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, LightlyRayError):
        raise error
    status = 403 if error.code == "FORBIDDEN" else error.http_status
    return answer(status, error.code, str(error))


def _malformed(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    # A body may have a million bad fields: the first few say it.
    places = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()[:3]]
    return answer(422, "MALFORMED_REQUEST", "; ".join(f"{place}: {message}" for place, message in places))


def _half_a_character(_request: Request, error: Exception) -> JSONResponse:
    # JSON can spell one half of a pair, which no database, file name or answer can hold.
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return answer(422, "MALFORMED_REQUEST", "a text of this request holds half a character: it must be valid Unicode")


def _of_framework(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error.__cause__, LightlyRayError):  # raised while the body was read
        return _deliberate(request, error.__cause__)
    if isinstance(error.__cause__, OSError):
        return _of_disk(request, error.__cause__)
    message = f"there is no {request.url.path}" if error.status_code == 404 else str(error.detail)
    return answer(error.status_code, _CODES.get(error.status_code, "BAD_REQUEST"), message)


def _of_database(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, DataError):
        return answer(422, "MALFORMED_REQUEST", "a value of this request cannot be stored")
    if isinstance(error, IntegrityError):
        _log.warning("request %s lost a race: %s", request.state.request_id, error.orig)
        return answer(409, "BAD_REQUEST", "another request changed the same thing at the same time; try again")
    if isinstance(error, DBAPIError) and database_is_full(error):
        return _full(request, "the disk of the database")
    # Lost, locked or too busy: nothing was committed, and asking again is right. Anything else is a bug.
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost or isinstance(error, OperationalError | PoolTimeoutError):
        _log.warning("request %s: the database cannot be used: %s", request.state.request_id, error)
        return answer(503, "SERVICE_UNAVAILABLE", "the database cannot be reached at the moment; try again")
    raise error


def _of_disk(request: Request, error: Exception) -> JSONResponse:
    """Bodies are kept in files while they come in."""
    if isinstance(error, OSError) and is_full(error):
        return _full(request, "the disk of temporary files")
    raise error


def _full(request: Request, what: str) -> JSONResponse:
    _log.warning("request %s: %s is full", request.state.request_id, what)
    return answer(507, "STORAGE_FULL", f"{what} is full: nothing of this request was kept, make room first")
