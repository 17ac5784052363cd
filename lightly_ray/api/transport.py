"""Requests to the platform: one pooled session, the token, retries, and one clear error for each failure.

A request that may be repeated without harm (any GET, PUT or DELETE, and the POSTs whose repetition the protocol
promises to be harmless) is tried again after 0.2, 0.4, 0.8, ... s: twice where the server never answered yet, since
its address is probably wrong, and up to seven times later, so that a server may restart. The token travels in
a header, never in a URL, so no log shows it. Exceptions of the HTTP library, which quote URLs, are not passed on:
no signed URL reaches a message or a traceback either.
"""

import io
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from lightly_ray.data.atomic import atomic_write
from lightly_ray.errors import (
    ApiError,
    AuthenticationError,
    Code,
    ConflictError,
    InvalidInputError,
    LightlyRayError,
    NotFoundError,
    TooLargeError,
)

FIRST_TRIES, TRIES = 3, 8
TIMEOUT = (10.0, 180.0)  # seconds to connect, and between two bytes of the answer
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_LONGEST_ASKED = 30.0  # seconds that a server may ask to wait for
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BUSY = frozenset({429, 502, 503, 504})
_BY_STATUS: dict[int, type[LightlyRayError]] = {
    **{
        error.http_status: error
        for error in (AuthenticationError, ConflictError, InvalidInputError, NotFoundError, TooLargeError)
    },
    400: InvalidInputError,
    403: AuthenticationError,
}


class _Token(AuthBase):
    # An auth object, because requests would let a .netrc entry for the host replace a plain header.
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """Sends requests and returns what the answers hold. Safe to use from several threads, and picklable.

    Args:
        server: base URL of the platform, "http://127.0.0.1:8000".
        token: None sends none; only version and health answer then.

    Raises:
        InvalidInputError: ``server`` is no http(s) URL, or the token none that fits into a header.
    """

    def __init__(self, server: str, token: str | None) -> None:
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InvalidInputError(f"server must be a URL like http://127.0.0.1:8000, got {server!r}")
        self.server = server.rstrip("/")
        token = (token or "").strip()  # a secret that was written to a file or a variable ends in a newline
        if not (token.isascii() and token.isprintable()):
            raise InvalidInputError("the token must be printable ASCII in one line")
        self._auth = _Token(token) if token else None
        self._answered = False
        self._session = requests.Session()
        # A proxy of the environment leads away from this machine: a platform on it is reached directly.
        self._session.trust_env = parts.hostname not in _LOOPBACK
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=32)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Close the pooled connections; the next request opens new ones."""
        self._session.close()

    def get(self, path: str, **query: Any) -> Any:
        """What a GET answers, parsed."""
        return _parsed(self._call("GET", path, query=query, repeat=True))

    def post(self, path: str, body: Any = None, *, repeat: bool = False, **query: Any) -> Any:
        """What a POST of JSON answers; ``repeat`` says that sending it twice does no harm."""
        return _parsed(self._call("POST", path, query=query, repeat=repeat, json=body if body is not None else {}))

    def put(self, path: str, body: Any = None, **query: Any) -> Any:
        """What a PUT of JSON answers."""
        return _parsed(self._call("PUT", path, query=query, repeat=True, json=body if body is not None else {}))

    def delete(self, path: str, **query: Any) -> None:
        """Send a DELETE."""
        self._call("DELETE", path, query=query, repeat=True, json={})

    def post_parts(self, path: str, parts: Mapping[str, tuple[str, bytes]]) -> Any:
        """POST multipart/form-data; the protocol promises that repeating it does no harm.

        Args:
            path: where to.
            parts: name of the part -> (content type, content).
        """
        files = {name: (name, content, kind) for name, (kind, content) in parts.items()}
        return _parsed(self._call("POST", path, query={}, repeat=True, files=files))

    def put_bytes(self, path: str, content: bytes, **query: Any) -> Any:
        """PUT raw bytes to a route of the platform."""
        headers = {"Content-Type": "application/octet-stream"}
        return _parsed(self._call("PUT", path, query=query, repeat=True, data=content, headers=headers))

    def get_bytes(self, path: str, **query: Any) -> bytes:
        """The raw bytes that a GET answers."""
        return self._call("GET", path, query=query, repeat=True).content

    def upload(self, url: str, source: Path | bytes) -> None:
        """PUT a file, or bytes, to a signed URL."""

        def send(address: str) -> requests.Response:
            # Opened again for each try: a file that was sent once stands at its end.
            with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as content:
                return self._session.put(address, data=content, timeout=TIMEOUT, auth=_no_auth)

        self._signed("PUT", url, send)

    def save(self, url: str, target: Path) -> None:
        """Write the content behind a signed URL to a file, piece by piece; nothing is found there until it is whole."""
        with atomic_write(target) as out:
            self._signed("GET", url, lambda address: self._into(out, address, auth=_no_auth))

    def download(self, path: str, target: Path, **query: Any) -> None:
        """Write what a GET answers to a file, as `save` does."""
        params = {name: value for name, value in query.items() if value is not None}
        options = {"params": params, "auth": self._auth or _no_auth, "allow_redirects": False}
        with atomic_write(target) as out:
            self._tried(lambda: self._into(out, self.server + path, **options), f"GET {path}", repeat=True)

    def _into(self, out: BinaryIO, address: str, **options: Any) -> requests.Response:
        with self._session.get(address, timeout=TIMEOUT, stream=True, **options) as response:
            if response.ok:
                out.seek(0)  # an earlier try may have ended in the middle
                out.truncate()
                out.writelines(response.iter_content(2**20))
            else:
                _ = response.content  # what an error says is read before the connection goes back
        return response

    def _call(
        self, method: str, path: str, *, query: Mapping[str, Any], repeat: bool, **what: Any
    ) -> requests.Response:
        params = {name: value for name, value in query.items() if value is not None}
        what |= {"params": params, "auth": self._auth or _no_auth}
        headers = {"Accept": "application/json"} | what.pop("headers", {})
        label = f"{method} {path}"
        return self._tried(
            lambda: self._session.request(
                method, self.server + path, timeout=TIMEOUT, headers=headers, allow_redirects=False, **what
            ),
            label,
            repeat=repeat,
        )

    def _signed(self, method: str, url: str, send: Callable[[str], requests.Response]) -> requests.Response:
        # A relative URL belongs to the platform itself. Signed URLs carry their own permission and get no token.
        address = urljoin(self.server + "/", url)
        return self._tried(lambda: send(address), f"{method} {urlsplit(address).path}", repeat=True)

    def _tried(self, send: Callable[[], requests.Response], label: str, *, repeat: bool) -> requests.Response:
        for number in count():
            wait = min(_FIRST_WAIT * 2**number, _LONGEST_WAIT)
            last = number + 1 >= (TRIES if self._answered else FIRST_TRIES)
            try:
                response = send()
            except requests.exceptions.InvalidJSONError as error:
                # Never sent: what the caller gave fits into no request.
                raise InvalidInputError(f"{label} cannot be sent: {str(error).splitlines()[0]}") from None
            except requests.RequestException as error:
                if last or not repeat:
                    raise self._unreachable(error, label) from None
            else:
                self._answered = True
                # Too many requests: none of it was done, so anything may be sent again.
                again = response.status_code == 429 or (repeat and response.status_code in _BUSY)
                if last or not again:
                    return self._accepted(response, label)
                wait = max(wait, _asked_to_wait(response))
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _accepted(self, response: requests.Response, label: str) -> requests.Response:
        if 200 <= response.status_code < 300:
            return response
        code, message = _error_of(response)
        if code is None:
            message = f"{label} at {self.server} answered {response.status_code}, which is no answer of this platform"
        elif response.status_code == 401:
            message = f"the platform at {self.server} does not accept the token ({message})"
        kind = _BY_STATUS.get(response.status_code, ApiError) if code is not None else ApiError
        error = kind(message, code=cast("Code | None", code))  # a later platform may have further ones
        error.status = response.status_code
        raise error

    def _unreachable(self, error: requests.RequestException, label: str) -> ApiError:
        if isinstance(error, requests.Timeout):
            reason = "no answer in time"
        else:
            reason = _system_reason(error) or type(error).__name__
        return ApiError(
            f"cannot reach the platform at {self.server}: {reason} ({label}). Is it running "
            "(`lightly-ray serve`), and is `server` or LIGHTLY_SERVER_LOCATION right?"
        )


def _asked_to_wait(response: requests.Response) -> float:
    seconds = response.headers.get("Retry-After", "")
    return min(float(seconds), _LONGEST_ASKED) if seconds.isdecimal() else 0.0


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # That there is none has to be said, or requests looks into .netrc.
    return request


def _parsed(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _error_of(response: requests.Response) -> tuple[str | None, str]:
    answer = _parsed(response)
    if isinstance(answer, dict) and isinstance(answer.get("code"), str):
        return answer["code"], str(answer.get("message", ""))[:2000]
    return None, ""


def _system_reason(error: BaseException | None) -> str | None:
    # The reason of the operating system lies at the end of a chain of wrappers.
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror.lower()
        error = error.__context__
    return None
